// Tests of the layout and the images of the installed disk.
import fc from 'fast-check'
import { open, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { espFiles, fstab } from '../../artifacts/disk/boot.ts'
import { IDS, layOut } from '../../artifacts/disk/layout.ts'
import { Failure } from '../../src/api/index.ts'
import { minimumExt4Size } from '../../src/images/ext4.ts'
import { readGpt, writeGpt } from '../../src/images/gpt.ts'
import { checkQcow2, convertToQcow2, readQcow2Info } from '../../src/images/qcow2.ts'
import { digestOfFile, run, temporaryInMemory } from '../support/images.ts'

const GIB = 2 ** 30

/** A file that stands for a tar of this size. */
async function tarOf(size: number): Promise<string> {
  const tar = join(await temporaryInMemory(), 'tar')
  await writeFile(tar, '')
  await truncate(tar, size)
  return tar
}

test('keeps the layout of published disks of 256 GiB', async () => {
  const layout = await layOut(256 * GIB, [await tarOf(300 * 2 ** 20)])
  expect(layout.partitions.map(({ start, sectors, type }) => ({ start, sectors, type }))).toEqual([
    { start: 2048, sectors: 2097152, type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' },
    { start: 2099200, sectors: 534769664, type: '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709' },
  ])
})

test('refuses a size or fits everything into it', async () => {
  const content = 300 * 2 ** 20
  const tars = [await tarOf(content)]
  const small = fc.integer({ min: 0, max: 4 * GIB })
  await fc.assert(
    fc.asyncProperty(fc.oneof(small, fc.integer({ min: 0, max: 2 ** 43 })), async (size) => {
      let layout
      try {
        layout = await layOut(size, tars)
      } catch (error) {
        expect(error).toBeInstanceOf(Failure)
        expect(error).toMatchObject({ message: expect.stringContaining('the disk is too small') })
        expect(size).toBeLessThan(2 * GIB)
        return
      }
      const { esp, root } = layout
      expect(layout.size).toBe(Math.floor(size / 512) * 512)
      expect(root.offset).toBe(esp.offset + esp.size)
      expect(root.offset % 2 ** 20).toBe(0)
      expect(root.size).toBeGreaterThanOrEqual(minimumExt4Size(content))
      // the second table takes the last 33 sectors
      expect(root.offset + root.size).toBeLessThanOrEqual(layout.size - 33 * 512)
    }),
  )
})

test('writes a partition table that reads back unchanged, with its signature where UEFI looks', async () => {
  const disk = join(await temporaryInMemory(), 'disk.raw')
  await writeFile(disk, '')
  const layout = await layOut(8 * GIB, [await tarOf(2 ** 20)])
  await truncate(disk, layout.size)
  await writeGpt(run, disk, layout)
  expect(await readGpt(run, disk)).toEqual({ uuid: IDS.disk, partitions: layout.partitions })
  const file = await open(disk)
  for (const at of [512, layout.size - 512]) {
    const { buffer } = await file.read(Buffer.alloc(8), 0, 8, at)
    expect(buffer.toString()).toBe('EFI PART')
  }
  await file.close()
  expect((await stat(disk)).blocks * 512).toBeLessThan(2 ** 20)
})

test('a disk without a table is an error', async () => {
  const disk = await tarOf(2 ** 20)
  await expect(readGpt(run, disk)).rejects.toThrow()
})

test('fstab names the file systems by the ids that they get, and FAT is not checked', () => {
  expect(fstab).toBe(
    `UUID=${IDS.rootFileSystem} / ext4 defaults 0 1\nUUID=${IDS.espVolume.slice(0, 4)}-${IDS.espVolume.slice(4)} /boot vfat defaults 0 0\n`,
  )
})

test('every path that the loader names is on the partition', () => {
  const files = espFiles({ systemdBoot: 'a', vmlinuz: 'b', initramfs: 'c' }, 'LevitateOS', 'console=tty0')
  const text = (path: string) => String(files.find((file) => file.path === path)!.source)
  const [, chosen] = /^default (.*)$/m.exec(text('loader/loader.conf'))!
  const entry = text(`loader/entries/${chosen}`)
  for (const [, path] of entry.matchAll(/^(?:linux|initrd) \/(.*)$/gm))
    expect(files.map((file) => file.path)).toContain(path)
  expect(entry).toContain(`options root=PARTUUID=${IDS.rootPartition} rw console=tty0\n`)
  expect(text('loader/loader.conf')).toMatch(/^timeout 3$/m)
})

test('makes equal qcow2 images with the content of the disk, for each compression', async () => {
  const directory = await temporaryInMemory()
  const raw = join(directory, 'disk.raw')
  const file = await open(raw, 'w')
  await file.truncate(4 * GIB)
  for (let index = 0; index < 40; index += 1)
    await file.write(Buffer.alloc(100_000, `block ${index}`), 0, 100_000, index * 97_000_000)
  await file.close()
  for (const compression of ['zstd', 'zlib', 'none'] as const) {
    const [one, two] = [join(directory, `${compression}.1`), join(directory, `${compression}.2`)]
    await convertToQcow2(run, raw, one, compression)
    await convertToQcow2(run, raw, two, compression)
    expect(await digestOfFile(two)).toBe(await digestOfFile(one))
    await checkQcow2(run, one)
    await run('qemu-img', ['compare', '-f', 'raw', '-F', 'qcow2', raw, one])
    expect(await readQcow2Info(run, one)).toMatchObject({
      format: 'qcow2',
      virtualSize: 4 * GIB,
      backingFile: undefined,
    })
    expect((await stat(one)).size).toBeLessThan(8_000_000)
  }
})

test('finds damage in a qcow2', async () => {
  const directory = await temporaryInMemory()
  const [raw, image] = [join(directory, 'raw'), join(directory, 'image')]
  await writeFile(raw, Buffer.alloc(10 ** 6, 'content'))
  await convertToQcow2(run, raw, image, 'none')
  const file = await open(image, 'r+')
  await file.write(Buffer.alloc(8, 0xff), 0, 8, 3 * 65536)
  await file.close()
  await expect(checkQcow2(run, image)).rejects.toThrow('the qcow2 image is damaged')
})
