import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from 'lbuild'
import { ImageError } from 'lbuild/images/error'
import { checkExt4, inspectExt4 } from 'lbuild/images/ext4'
import { checkFat, copyFatOut, copyFromFat, type FatFile } from 'lbuild/images/fat'
import { readGpt } from 'lbuild/images/gpt'
import { fstab } from './boot.ts'
import type { DiskLayout } from './layout.ts'

/** The tools that inspectDisk runs. */
export const inspectTools = ['sfdisk', 'fsck.vfat', 'mcopy', 'e2fsck', 'debugfs', 'find'] as const

type Inspect = Run<(typeof inspectTools)[number]>

/**
 * Reads a raw disk back without mounting it and compares it with what it was made from: the partition table, every
 * file of the EFI system partition, both file systems' own checks, and in the root file system the owners and modes of
 * everything that runs as another user, the accounts, and what must not be in an image. Throws an ImageError at the
 * first difference.
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
    inspectRoot(run, raw, layout, tree),
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

/** Files whose text is compared; an image is of no use when one of them is wrong. */
const TEXTS = ['/etc/fstab', '/etc/hostname', '/etc/shadow']

async function inspectRoot(run: Inspect, raw: string, { root }: DiskLayout, tree: string): Promise<void> {
  const { stdout } = await run('find', [tree, '-type', 'f', '-perm', '/6000', '-printf', '%P\\n'])
  const paths = [
    '/etc/shadow',
    '/etc/machine-id',
    ...stdout
      .split('\n')
      .filter(Boolean)
      .map((path) => `/${path}`),
  ]
  const commands = [
    ...paths.map((path) => `stat "${path}"`),
    ...TEXTS.map((path) => `cat ${path}`),
    'ls -p /etc/ssh',
  ]
  const answers = await inspectExt4(run, raw, root.offset, commands)
  for (const [index, path] of paths.entries()) {
    const { mode, uid, gid, size } = await lstat(join(tree, path))
    const expected = `mode ${(mode & 0o7777).toString(8)}, owner ${uid}:${gid}, ${size} bytes`
    const found = describeStat(answers[index]!)
    if (found !== expected) throw new ImageError(`${path} is not as it was in the tree`, { expected, found })
  }
  for (const [index, path] of TEXTS.entries()) {
    const expected = path === '/etc/fstab' ? fstab : await readFile(join(tree, path), 'utf8')
    const found = answers[paths.length + index]!
    if (found !== expected) throw new ImageError(`${path} is not as it was written`, { expected, found })
  }
  const keys = [...answers.at(-1)!.matchAll(/\/(ssh_host_[^/]*)\//g)].map(([, name]) => name)
  if (keys.length > 0)
    throw new ImageError(
      'there are SSH host keys in the image',
      { found: keys.join(', ') },
      'each system makes its own',
    )
}

/** What debugfs says of an inode, as far as it is compared. */
function describeStat(answer: string): string {
  const [, mode] = /Mode:\s+(\d+)/.exec(answer) ?? []
  const [, uid, gid, size] =
    /User:\s+(\d+)\s+Group:\s+(\d+)(?:\s+Project:\s+\d+)?\s+Size:\s+(\d+)/.exec(answer) ?? []
  return `mode ${Number(mode).toString()}, owner ${uid}:${gid}, ${size} bytes`
}
