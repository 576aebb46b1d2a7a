/**
 * Converts and checks qcow2 images.
 * @module lbuild/images/qcow2
 */
import type { Run } from '../api/index.ts'
import { passCheck } from './toolCheck.ts'

/** How the clusters of a qcow2 image are compressed. */
export type Qcow2Compression = 'zstd' | 'zlib' | 'none'

/**
 * Converts a raw disk image to qcow2; holes stay holes. Clusters are written in the order of the disk, so that equal
 * disks give equal bytes: `-W`, which writes them as they are compressed, would not.
 */
export async function convertToQcow2(
  run: Run<'qemu-img'>,
  raw: string,
  image: string,
  compression: Qcow2Compression,
): Promise<void> {
  const compress = compression === 'none' ? [] : ['-c', '-o', `compression_type=${compression}`]
  await run('qemu-img', ['convert', '-f', 'raw', '-O', 'qcow2', '-m', '8', ...compress, raw, image])
}

/** Converts a qcow2 image to a raw disk image; unused clusters become holes. */
export async function convertToRaw(run: Run<'qemu-img'>, image: string, raw: string): Promise<void> {
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', '-m', '8', image, raw])
}

/** The metadata of a disk image. */
export interface Qcow2Info {
  readonly format: string
  /** The size of the disk that the image contains, in bytes. */
  readonly virtualSize: number
  readonly compression: string | undefined
  readonly backingFile: string | undefined
}

/** The output of `qemu-img info --output=json`. */
interface QemuImgReport {
  readonly format: string
  readonly 'virtual-size': number
  readonly 'backing-filename'?: string
  readonly 'format-specific'?: { readonly data?: { readonly 'compression-type'?: string } }
}

/** Reads the metadata of a disk image. */
export async function readQcow2Info(run: Run<'qemu-img'>, image: string): Promise<Qcow2Info> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', image])
  const report: QemuImgReport = JSON.parse(stdout)
  return {
    format: report.format,
    virtualSize: report['virtual-size'],
    compression: report['format-specific']?.data?.['compression-type'],
    backingFile: report['backing-filename'],
  }
}

/** Checks the tables of a qcow2 image. Throws a Failure when qemu-img finds errors or leaked clusters. */
export async function checkQcow2(run: Run<'qemu-img'>, image: string): Promise<void> {
  await passCheck('the qcow2 image is damaged', run('qemu-img', ['check', '-q', image]))
}
