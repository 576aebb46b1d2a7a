/**
 * Reads ISO images back and compares them with their sources.
 * @module lbuild/images/isoCheck
 */
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, type Run } from '../api/index.ts'
import { copyFromFat } from './fat.ts'
import type { IsoFile } from './iso.ts'

/** A file of an ISO: its offset from the start of the image and its size, in bytes. */
export interface IsoExtent {
  readonly path: string
  readonly offset: number
  readonly size: number
}

/** A boot image of an ISO: its path when it is a file, and its offset from the start of the ISO in bytes. */
export interface IsoBootImage {
  readonly platform: 'BIOS' | 'UEFI'
  readonly path: string | undefined
  readonly offset: number
}

/** The contents of an ISO. */
export interface IsoContents {
  readonly label: string
  readonly files: readonly IsoExtent[]
  /** In the order of El Torito's catalog. */
  readonly boot: readonly IsoBootImage[]
}

/** Bytes in a block of an ISO. */
const BLOCK = 2048

/** Reads the label, files and boot images of an ISO. Throws a Failure when the output of xorriso has no label. */
export async function readIso(run: Run<'xorriso'>, image: string): Promise<IsoContents> {
  const { stdout } = await run(
    'xorriso',
    [
      ['-abort_on', 'FAILURE', '-report_about', 'WARNING', '-outdev', 'stdio:/dev/null', '-indev', image],
      ['-pvd_info', '-report_el_torito', 'plain', '-find', '/', '-type', 'f', '-exec', 'report_lba', '--'],
    ].flat(),
  )
  const label = /^Volume Id\s*:\s*(.*?)\s*$/im.exec(stdout)?.[1]
  if (label === undefined)
    throw new Failure('cannot read the label of the ISO', { facts: [['image', image]], tail: stdout })
  const extents = stdout.matchAll(
    /^File data lba:\s*\d+\s*,\s*(\d+)\s*,\s*\d+\s*,\s*(\d+)\s*,\s*'\/?(.*)'$/gm,
  )
  const files = [...extents].map(([, block, size, path = '']) => {
    return { path, offset: Number(block) * BLOCK, size: Number(size) }
  })
  const paths = new Map(
    [...stdout.matchAll(/^El Torito img path\s*:\s*(\d+)\s+\/(.*)$/gm)].map(([, index, path]) => [
      index,
      path,
    ]),
  )
  const images = stdout.matchAll(
    /^El Torito boot img\s*:\s*(\d+)\s+(BIOS|UEFI)\s+y\s+\S+\s+\S+\s+\S+\s+\d+\s+(\d+)/gm,
  )
  const boot = [...images].map(([, index, platform, block]): IsoBootImage => {
    const offset = Number(block) * BLOCK
    return { platform: platform === 'BIOS' ? 'BIOS' : 'UEFI', path: paths.get(index), offset }
  })
  return { label, files, boot }
}

/** The expected contents of an ISO. */
export interface ExpectedIso {
  readonly label: string
  readonly files: readonly IsoFile[]
  /** The path of the loader for BIOS. Its content is not compared: xorriso writes a table into it. */
  readonly biosLoader: string
  /** The content of `EFI/BOOT/BOOTX64.EFI` on the EFI system partition. */
  readonly uefiLoader: Uint8Array
  /** A directory for a temporary copy. */
  readonly scratch: string
}

/** Reads an ISO back: its label, every file, and the loaders for BIOS and UEFI. Throws a Failure at the first difference. */
export async function checkIso(
  run: Run<'xorriso' | 'mcopy'>,
  image: string,
  { label, files, biosLoader, uefiLoader, scratch }: ExpectedIso,
): Promise<void> {
  const iso = await readIso(run, image)
  if (iso.label !== label)
    throw new Failure('the label of the ISO differs', {
      facts: [
        ['expected', label],
        ['found', iso.label],
      ],
    })
  const extents = new Map(iso.files.map((extent) => [extent.path, extent]))
  for (const { path, source } of files) {
    const extent = extents.get(path)
    if (!extent) throw new Failure(`the ISO has no /${path}`)
    if (path !== biosLoader && !(await sameBytes(image, extent.offset, extent.size, source)))
      throw new Failure(`/${path} on the ISO differs from its source`, { facts: [['source', source]] })
  }
  if (iso.boot.find(({ platform }) => platform === 'BIOS')?.path !== biosLoader)
    throw new Failure('the ISO has no loader for BIOS', { facts: [['expected', biosLoader]] })
  const uefi = iso.boot.find(({ platform }) => platform === 'UEFI')
  if (!uefi) throw new Failure('the ISO has no loader for UEFI')
  const loader = join(scratch, 'loader-read-back.efi')
  await copyFromFat(run, image, uefi.offset, 'EFI/BOOT/BOOTX64.EFI', loader)
  if (Buffer.compare(await readFile(loader), uefiLoader) !== 0)
    throw new Failure('the loader for UEFI on the ISO differs from its source')
}

/**
 * Whether `size` bytes of a file, starting at `offset`, equal the whole content of another file. Memory holds 1 MiB of
 * each.
 */
export async function sameBytes(file: string, offset: number, size: number, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([open(file), open(other)])
  try {
    if ((await b.stat()).size !== size) return false
    const [left, right] = [Buffer.alloc(2 ** 20), Buffer.alloc(2 ** 20)]
    for (let done = 0; done < size;) {
      const want = Math.min(left.length, size - done)
      const [{ bytesRead: readLeft }, { bytesRead: readRight }] = await Promise.all([
        a.read(left, 0, want, offset + done),
        b.read(right, 0, want, done),
      ])
      if (readLeft !== want || readRight !== want) return false
      if (Buffer.compare(left.subarray(0, want), right.subarray(0, want)) !== 0) return false
      done += want
    }
    return true
  } finally {
    await Promise.all([a.close(), b.close()])
  }
}
