// A disk that boots one EFI program: sfdisk and mtools are the oracles.
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { makeEfiDisk } from '../../src/images/efiDisk.ts'
import { copyFromFat } from '../../src/images/fat.ts'
import { PARTITION_TYPES, readGpt, SECTOR } from '../../src/images/gpt.ts'
import { EPOCH, run, temporaryInMemory } from '../support/images.ts'

const program = Buffer.alloc(30 * 2 ** 20, 'program')

/** The path of a disk with the program. */
async function disk(namespace: string): Promise<string> {
  const scratch = await temporaryInMemory()
  const image = join(scratch, 'disk.raw')
  await makeEfiDisk(run, { image, program, namespace, epoch: EPOCH, scratch })
  return image
}

test('puts the program where UEFI looks for it, on a disk that is little larger', async () => {
  const image = await disk('one')
  const { partitions } = await readGpt(run, image)
  expect(partitions).toHaveLength(1)
  const [esp] = partitions
  expect(esp).toMatchObject({ name: 'esp', type: PARTITION_TYPES.esp })
  const copy = `${image}.copy`
  await copyFromFat(run, image, (esp?.start ?? 0) * SECTOR, 'EFI/BOOT/BOOTX64.EFI', copy)
  expect((await readFile(copy)).equals(program)).toBe(true)
  expect((await stat(image)).size).toBeLessThan(program.length + 4 * 2 ** 20)
})

test('equal arguments give equal disks, and other namespaces other identifiers', async () => {
  const [one, same, other] = [await disk('one'), await disk('one'), await disk('two')]
  expect((await readFile(one)).equals(await readFile(same))).toBe(true)
  expect((await readGpt(run, other)).uuid).not.toBe((await readGpt(run, one)).uuid)
})
