import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from 'lbuild'
import { ImageError } from 'lbuild/images/error'
import { checkExt4 } from 'lbuild/images/ext4'
import { checkExt4Files } from 'lbuild/images/ext4Layer'
import { checkFat, copyFatOut, copyFromFat, type FatFile } from 'lbuild/images/fat'
import { readGpt } from 'lbuild/images/gpt'
import type { DiskLayout } from './layout.ts'

/** The tools that inspectDisk runs. */
export const inspectTools = ['sfdisk', 'fsck.vfat', 'mcopy', 'e2fsck', 'debugfs', 'find'] as const

type Inspect = Run<(typeof inspectTools)[number]>

/**
 * Reads a raw disk back without mounting it and compares it with what it was made from: the partition table, every
 * file of the EFI system partition, both file systems' own checks, and in the root file system everything that runs as
 * another user, the accounts and the machine's id. Throws an ImageError at the first difference.
 */
export async function inspectDisk(
  run: Inspect,
  raw: string,
  layout: DiskLayout,
  files: readonly FatFile[],
  tree: string,
  scratch: string,
): Promise<void> {
  const looks = await Promise.allSettled([
    inspectTable(run, raw, layout),
    inspectEsp(run, raw, layout, files, scratch),
    checkExt4(run, raw, layout.root.offset),
    inspectRoot(run, raw, layout, tree, scratch),
  ])
  for (const look of looks) if (look.status === 'rejected') throw look.reason
}

async function inspectTable(run: Inspect, raw: string, { uuid, partitions }: DiskLayout): Promise<void> {
  const expected = JSON.stringify({ uuid, partitions })
  const found = JSON.stringify(await readGpt(run, raw))
  if (found !== expected)
    throw new ImageError('the partition table is not as it was written', { expected, found })
}

async function inspectEsp(
  run: Inspect,
  raw: string,
  { esp }: DiskLayout,
  files: readonly FatFile[],
  scratch: string,
): Promise<void> {
  const image = join(scratch, 'esp-read-back.img')
  await copyFatOut(raw, esp.offset, esp.size, image)
  await checkFat(run, image)
  const copy = join(scratch, 'esp-read-back')
  for (const { path, source } of files) {
    await copyFromFat(run, image, 0, path, copy)
    const expected = typeof source === 'string' ? await readFile(source) : source
    if (Buffer.compare(await readFile(copy), expected) !== 0)
      throw new ImageError(`/boot/${path} is not what it was made from`)
  }
}

/** Files that are compared beside those with a setuid or setgid bit. */
const TELLING = ['/etc/fstab', '/etc/machine-id', '/etc/shadow']

async function inspectRoot(
  run: Inspect,
  raw: string,
  { root }: DiskLayout,
  tree: string,
  scratch: string,
): Promise<void> {
  const { stdout } = await run('find', [tree, '-type', 'f', '-perm', '/6000', '-printf', '/%P\\n'])
  const paths = [...TELLING, ...stdout.split('\n').filter(Boolean)]
  await checkExt4Files(run, { image: raw, offset: root.offset, tree, scratch }, paths)
}
