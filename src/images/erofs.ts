import type { Run } from '../api/artifact.ts'

/** How an EROFS is compressed: lz4hc is slow to make and small, lz4 is quick and larger; both read at one speed. */
export type ErofsCompression = 'lz4hc' | 'lz4' | 'none'

/** Physical clusters of 64 KiB: 12 % smaller than with 4 KiB. */
const COMPRESSION: Record<ErofsCompression, readonly string[]> = {
  lz4hc: ['-zlz4hc,9', '-C65536'],
  lz4: ['-zlz4', '-C65536'],
  none: [],
}

export interface ErofsOptions {
  readonly image: string
  /** What it is to hold: contents, owners, modes and attributes as they are there. */
  readonly tree: string
  readonly uuid: string
  readonly compression: ErofsCompression
  /** The time of every file, in seconds since 1970. */
  readonly epoch: number
}

/** Makes an EROFS image from a directory; the same tree and options give the same bytes. */
export async function makeErofs(run: Run<'mkfs.erofs'>, options: ErofsOptions): Promise<void> {
  const { image, tree, uuid, compression, epoch } = options
  await run('mkfs.erofs', ['-d1', `-T${epoch}`, `-U${uuid}`, ...COMPRESSION[compression], image, tree])
}
