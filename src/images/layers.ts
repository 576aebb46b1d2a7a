import { mkdir } from 'node:fs/promises'
import type { Run } from '../api/artifact.ts'

/** The tools that extractLayers runs. */
export const layerTools = ['tar', 'find', 'touch'] as const

/**
 * Extracts tars over one another into a new directory, with owners, modes, links, extended attributes and
 * capabilities; what lies in /dev is left out, as the kernel fills it. Times after `epoch` (seconds since 1970), such
 * as those of directories that the extraction itself touched, are set to it.
 *
 * Must run as uid 0, real or of a user namespace. Rejects with tar's own words when a tar is damaged.
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

/** Sets every time below a directory that is after `epoch` (seconds since 1970) to it. */
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
 * Packs part of a directory as a tar: names sorted by bytes, everything owned by root, all times at `epoch` (seconds
 * since 1970), nothing of the host.
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
