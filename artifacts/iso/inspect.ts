import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from 'lbuild'
import { ImageError } from 'lbuild/images/error'
import { copyFromFat } from 'lbuild/images/fat'
import { readIso, sameBytes, type IsoFile } from 'lbuild/images/iso'
import { BIOS_LOADER } from './contents.ts'

/** What an ISO is to be like. */
export interface ExpectedIso {
  readonly label: string
  readonly files: readonly IsoFile[]
  readonly uki: Buffer
  readonly scratch: string
}

/**
 * Reads an ISO back and compares it with what went in: its label, every file byte for byte, a loader for BIOS and one
 * for UEFI. Throws an ImageError at the first difference.
 */
export async function inspectIso(
  run: Run<'xorriso' | 'mcopy'>,
  image: string,
  { label, files, uki, scratch }: ExpectedIso,
): Promise<void> {
  const iso = await readIso(run, image)
  if (iso.label !== label)
    throw new ImageError('the ISO has another label', { expected: label, found: iso.label })
  const extents = new Map(iso.files.map((extent) => [extent.path, extent]))
  for (const { path, source } of files) {
    const extent = extents.get(path)
    if (!extent) throw new ImageError(`the ISO lacks /${path}`)
    if (path !== BIOS_LOADER && !(await sameBytes(image, extent.offset, extent.size, source)))
      throw new ImageError(`/${path} on the ISO is not what it was made from`, { source })
  }
  const bios = iso.boot.find(({ platform }) => platform === 'BIOS')
  if (bios?.path !== BIOS_LOADER)
    throw new ImageError('a BIOS finds no loader on the ISO', { expected: BIOS_LOADER })
  const uefi = iso.boot.find(({ platform }) => platform === 'UEFI')
  if (!uefi) throw new ImageError('UEFI finds no loader on the ISO')
  const loader = join(scratch, 'loader-read-back.efi')
  await copyFromFat(run, image, uefi.offset, 'EFI/BOOT/BOOTX64.EFI', loader)
  if (Buffer.compare(await readFile(loader), uki) !== 0)
    throw new ImageError('the loader for UEFI on the ISO is not the one that was made')
}
