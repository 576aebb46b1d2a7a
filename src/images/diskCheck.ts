/**
 * Reads disk images back and compares them with their sources.
 * @module lbuild/images/diskCheck
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, type Run } from '../api/index.ts'
import type { DiskLayout } from './diskLayout.ts'
import { checkExt4 } from './ext4.ts'
import { checkExt4Files } from './ext4Layer.ts'
import { checkFat, copyFatOut, copyFromFat, type FatFile } from './fat.ts'
import { readGpt } from './gpt.ts'

/** The tools that `checkDisk` runs. */
export const diskCheckTools = ['sfdisk', 'fsck.vfat', 'mcopy', 'e2fsck', 'debugfs', 'find'] as const

/** A raw disk image and its sources. */
export interface ExpectedDisk {
  /** The raw image of the whole disk. */
  readonly image: string
  readonly layout: DiskLayout
  /** The files of the EFI system partition. */
  readonly files: readonly FatFile[]
  /** The directory that the root file system was made from. */
  readonly tree: string
  /** Absolute paths of files to compare, besides those with a setuid or setgid bit. */
  readonly paths: readonly string[]
  /** A directory for temporary copies. */
  readonly scratch: string
}

/** Runs the tools that `checkDisk` needs. */
export type CheckRun = Run<(typeof diskCheckTools)[number]>

/**
 * Reads a disk image back without mounting it: the partition table, every file of the EFI system partition, both file
 * systems with their own checks, and in the root file system the given files and all files with a setuid or setgid bit.
 * Throws a Failure at the first difference.
 */
export async function checkDisk(run: CheckRun, disk: ExpectedDisk): Promise<void> {
  const { image, layout } = disk
  const checks = await Promise.allSettled([
    checkTable(run, disk),
    checkEsp(run, disk),
    checkExt4(run, image, layout.root.offset),
    checkRoot(run, disk),
  ])
  for (const check of checks) if (check.status === 'rejected') throw check.reason
}

async function checkTable(run: CheckRun, { image, layout }: ExpectedDisk): Promise<void> {
  const expected = JSON.stringify({ uuid: layout.uuid, partitions: layout.partitions })
  const found = JSON.stringify(await readGpt(run, image))
  if (found !== expected)
    throw new Failure('the partition table differs from the layout', {
      facts: [
        ['expected', expected],
        ['found', found],
      ],
    })
}

async function checkEsp(run: CheckRun, { image, layout, files, scratch }: ExpectedDisk): Promise<void> {
  const esp = join(scratch, 'esp-read-back.img')
  await copyFatOut(image, layout.esp.offset, layout.esp.size, esp)
  await checkFat(run, esp)
  const copy = join(scratch, 'esp-read-back')
  for (const { path, source } of files) {
    await copyFromFat(run, esp, 0, path, copy)
    const expected = typeof source === 'string' ? await readFile(source) : source
    if (Buffer.compare(await readFile(copy), expected) !== 0)
      throw new Failure(`'${path}' on the EFI system partition differs from its source`)
  }
}

async function checkRoot(
  run: CheckRun,
  { image, layout, tree, paths, scratch }: ExpectedDisk,
): Promise<void> {
  const { stdout } = await run('find', [tree, '-type', 'f', '-perm', '/6000', '-printf', '/%P\\n'])
  const privileged = stdout.split('\n').filter(Boolean)
  await checkExt4Files(run, { image, offset: layout.root.offset, tree, scratch }, [...paths, ...privileged])
}
