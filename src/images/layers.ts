/**
 * Extracts and packs tars reproducibly.
 * @module lbuild/images/layers
 */
import { mkdir } from 'node:fs/promises'
import type { Run } from '../api/index.ts'

/** The tools that `extractLayers` runs. */
export const layerTools = ['tar', 'find', 'touch'] as const

/**
 * Extracts tars over each other into a new directory, with owners, modes, links, extended attributes and capabilities.
 * The contents of /dev are skipped, because the kernel provides them. Times after `epoch` (seconds since 1970-01-01)
 * become `epoch`, such as those of directories that the extraction changed.
 *
 * Must run as uid 0, real or in a user namespace. Rejects with the output of tar when a tar is damaged.
 */
export async function extractLayers(
  run: Run<(typeof layerTools)[number]>,
  tars: readonly string[],
  directory: string,
  epoch: number,
): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const tar of tars)
    await run('tar', [
      `--directory=${directory}`,
      '--extract',
      `--file=${tar}`,
      '--numeric-owner',
      '--same-owner',
      '--preserve-permissions',
      '--xattrs',
      '--xattrs-include=*',
      '--keep-directory-symlink',
      '--exclude=./dev/*',
    ])
  await clampTimes(run, directory, epoch)
}

/** Sets every time below a directory that is after `epoch` to `epoch`, in seconds since 1970-01-01. */
export async function clampTimes(run: Run<'find'>, directory: string, epoch: number): Promise<void> {
  await run(
    'find',
    [
      directory,
      ['-depth', '-newermt', `@${epoch}`],
      ['-exec', 'touch', '--no-dereference', `--date=@${epoch}`, '{}', '+'],
    ].flat(),
  )
}

/**
 * Packs `members` of a directory as a tar: names sorted by bytes, root as the owner of everything, and every time at
 * `epoch`, in seconds since 1970-01-01.
 */
export async function packLayer(
  run: Run<'tar'>,
  tar: string,
  directory: string,
  members: readonly string[],
  epoch: number,
): Promise<void> {
  await run('tar', [
    `--directory=${directory}`,
    '--create',
    `--file=${tar}`,
    '--format=gnu',
    '--sort=name',
    '--owner=0',
    '--group=0',
    '--numeric-owner',
    `--mtime=@${epoch}`,
    '--',
    ...members,
  ])
}
