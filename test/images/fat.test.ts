// Tests of FAT file systems: mtools and fsck.vfat are the oracles.
import { mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import {
  checkFat,
  copyFatOut,
  copyFromFat,
  fatSizeFor,
  makeFat,
  type FatOptions,
} from '../../src/images/fat.ts'
import { EPOCH, expectSameImage, run, temporaryInMemory } from '../support/images.ts'
import { MEMORY_PARENT } from '../support/temporary.ts'

const OFFSET = 2 ** 20
const SIZE = 2 ** 30

/** A FAT32 of 1 GiB with a few files, inside a larger image. */
async function fat(
  change: Partial<FatOptions> = {},
  directory?: string,
): Promise<{ directory: string; image: string }> {
  directory ??= await temporaryInMemory()
  const image = join(directory, 'disk.raw')
  const large = join(directory, 'large')
  await writeFile(large, Buffer.alloc(3_000_000, 'large'))
  await writeFile(image, '')
  await truncate(image, OFFSET + SIZE + 2 ** 30)
  await makeFat(run, {
    image,
    offset: OFFSET,
    size: SIZE,
    bits: 32,
    label: 'ESP',
    volumeId: '1234ABCD',
    files: [
      { path: 'EFI/BOOT/BOOTX64.EFI', source: Buffer.from('loader') },
      { path: 'levitateos/initramfs.img', source: large },
      { path: 'loader/loader.conf', source: Buffer.from('timeout 3\n') },
    ],
    epoch: EPOCH,
    scratch: directory,
    ...change,
  })
  return { directory, image }
}

/** An image that tests only read, and the time when it was complete, in milliseconds. */
const shared = { image: '', madeAt: 0 }

beforeAll(async () => {
  const directory = await mkdtemp(join(MEMORY_PARENT, 'lbuild-images-'))
  const { image } = await fat({}, directory)
  Object.assign(shared, { image, madeAt: performance.now() })
  return () => rm(directory, { recursive: true })
})

test('makes a clean FAT32 that returns its files unchanged', async () => {
  const { image } = shared
  const directory = await temporaryInMemory()
  const own = join(directory, 'esp.img')
  await copyFatOut(image, OFFSET, SIZE, own)
  await checkFat(run, own)
  const { stdout } = await run('fsck.vfat', ['-n', own])
  expect(Number(/\/(\d+) clusters/.exec(stdout)?.[1])).toBeGreaterThan(65525)
  await copyFromFat(run, image, OFFSET, 'levitateos/initramfs.img', join(directory, 'back'))
  expect(Buffer.compare(await readFile(join(directory, 'back')), Buffer.alloc(3_000_000, 'large'))).toBe(0)
  await copyFromFat(run, own, 0, 'EFI/BOOT/BOOTX64.EFI', join(directory, 'loader'))
  expect(await readFile(join(directory, 'loader'), 'utf8')).toBe('loader')
})

test('copies a whole file system out of an image', async () => {
  const { image } = shared
  const directory = await temporaryInMemory()
  const [own, plain] = [join(directory, 'esp.img'), join(directory, 'plain.img')]
  await copyFatOut(image, OFFSET, SIZE, own)
  await run('dd', [
    `if=${image}`,
    `of=${plain}`,
    'bs=1M',
    'skip=1',
    'count=1024',
    'conv=sparse',
    'status=none',
  ])
  await expectSameImage(own, plain)
  expect((await stat(own)).blocks * 512).toBeLessThan(2 ** 23)
})

test('gives equal bytes for equal files, whenever they were written', async () => {
  // The times of FAT have a resolution of two seconds.
  await setTimeout(Math.max(0, shared.madeAt + 2100 - performance.now()))
  const { image } = await fat()
  await expectSameImage(shared.image, image)
})

test('keeps holes', async () => {
  const { image } = shared
  expect((await stat(image)).blocks * 512).toBeLessThan(2 ** 23)
})

test('reports files that do not fit, and damage', async () => {
  const files = [{ path: 'a', source: Buffer.alloc(30_000_000) }]
  await expect(fat({ bits: 16, size: 18 * 2 ** 20, files })).rejects.toThrow('mcopy failed')
  const { directory, image } = await fat()
  const own = join(directory, 'esp.img')
  await copyFatOut(image, OFFSET, SIZE, own)
  const file = await open(own, 'r+')
  await file.write(Buffer.alloc(64, 0xff), 0, 64, 32 * 512 + 16)
  await file.close()
  await expect(checkFat(run, own)).rejects.toThrow('the FAT file system is damaged')
})

test('sizes a FAT16 for its files', async () => {
  for (const length of [1, 20_000_000, 60_000_000]) {
    const size = fatSizeFor([length, 100])
    const files = [
      { path: 'EFI/BOOT/BOOTX64.EFI', source: Buffer.alloc(length, 1) },
      { path: 'b', source: Buffer.alloc(100) },
    ]
    const { directory, image } = await fat({ bits: 16, size, offset: 0, files })
    await run('mcopy', ['-i', image, '::/EFI/BOOT/BOOTX64.EFI', join(directory, 'back')], {
      env: { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' },
    })
    expect((await stat(join(directory, 'back'))).size).toBe(length)
    await truncate(image, size)
    await checkFat(run, image)
  }
})
