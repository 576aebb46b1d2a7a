import type { Run } from '../api/artifact.ts'
import { ImageError, toolWords } from './error.ts'

/** How the clusters of a qcow2 are compressed. */
export type Qcow2Compression = 'zstd' | 'zlib' | 'none'

/**
 * Converts a raw disk image to qcow2; holes stay holes. Clusters are written in the order of the disk (never with
 * `-W`, which writes them as they come), so that the same disk gives the same bytes.
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

/** Converts a qcow2 to a raw disk image, in which what is not used are holes. */
export async function convertToRaw(run: Run<'qemu-img'>, image: string, raw: string): Promise<void> {
  await run('qemu-img', ['convert', '-f', 'qcow2', '-O', 'raw', '-m', '8', image, raw])
}

/** What `qemu-img info` says of an image; sizes in bytes. */
export interface Qcow2Info {
  readonly format: string
  readonly virtualSize: number
  readonly compression: string | undefined
  readonly backingFile: string | undefined
}

/** Reads what an image says of itself. */
export async function readQcow2Info(run: Run<'qemu-img'>, image: string): Promise<Qcow2Info> {
  const { stdout } = await run('qemu-img', ['info', '--output=json', image])
  const info = JSON.parse(stdout) as {
    format: string
    'virtual-size': number
    'backing-filename'?: string
    'format-specific'?: { data?: { 'compression-type'?: string } }
  }
  return {
    format: info.format,
    virtualSize: info['virtual-size'],
    compression: info['format-specific']?.data?.['compression-type'],
    backingFile: info['backing-filename'],
  }
}

/** Checks the tables of an image. Throws an ImageError when there are errors or leaked clusters. */
export async function checkQcow2(run: Run<'qemu-img'>, image: string): Promise<void> {
  try {
    await run('qemu-img', ['check', '-q', image])
  } catch (error) {
    throw new ImageError('the qcow2 image is damaged', {}, undefined, toolWords(error))
  }
}
