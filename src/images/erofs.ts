/**
 * Makes EROFS images.
 * @module lbuild/images/erofs
 */
import type { Run } from '../api/index.ts'

/** How an EROFS is compressed: lz4hc builds slowly and is small, lz4 builds quickly; both read equally fast. */
export type ErofsCompression = 'lz4hc' | 'lz4' | 'none'

/** Physical clusters of 64 KiB give an image 12 % smaller than clusters of 4 KiB. */
const COMPRESSION: Record<ErofsCompression, readonly string[]> = {
  lz4hc: ['-zlz4hc,9', '-C65536'],
  lz4: ['-zlz4', '-C65536'],
  none: [],
}

/** The image to make, and its contents. */
export interface ErofsOptions {
  /** The file to write. */
  readonly image: string
  /** The directory to pack, with its contents, owners, modes and extended attributes. */
  readonly tree: string
  readonly uuid: string
  readonly compression: ErofsCompression
  /** The time of every file, in seconds since 1970-01-01. */
  readonly epoch: number
}

/** Makes an EROFS image from a directory; equal trees and options give equal bytes. */
export async function makeErofs(run: Run<'mkfs.erofs'>, options: ErofsOptions): Promise<void> {
  const { image, tree, uuid, compression, epoch } = options
  await run('mkfs.erofs', ['-d1', `-T${epoch}`, `-U${uuid}`, ...COMPRESSION[compression], image, tree])
}
