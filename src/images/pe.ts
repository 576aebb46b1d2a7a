import { ImageError } from './error.ts'

/** A section of a PE image. */
export interface PeSection {
  /** At most 8 bytes: `.linux`. */
  readonly name: string
  readonly data: Uint8Array
}

/** A section as it lies in an image: its address in memory relative to the image's base, in bytes. */
export interface PlacedSection extends PeSection {
  readonly virtualAddress: number
}

/*
 * Offsets from "PE Format", Microsoft: the COFF file header and the section table (each by its own start), and the
 * optional header of PE32+.
 */
const PE_POINTER = 0x3c
const SIGNATURE = 0x00004550
const COFF = { sections: 2, optionalSize: 16, size: 20 }
const OPTIONAL = {
  magic: 0,
  initializedData: 8,
  sectionAlignment: 32,
  fileAlignment: 36,
  imageSize: 56,
  headersSize: 60,
  checksum: 64,
  directories: 108,
  certificates: 112 + 4 * 8,
}
const PE32_PLUS = 0x20b
const SECTION = { virtualSize: 8, virtualAddress: 12, rawSize: 16, rawPointer: 20, flags: 36, size: 40 }
/** IMAGE_SCN_CNT_INITIALIZED_DATA and IMAGE_SCN_MEM_READ. */
const READ_ONLY_DATA = 0x40000040
/** Firmware maps pages of this size, and systemd-stub's sections must not share one with its own. */
const PAGE = 4096

const align = (value: number, to: number): number => Math.ceil(value / to) * to

interface Headers {
  readonly coff: number
  readonly optional: number
  readonly table: number
  readonly count: number
}

function headersOf(image: Buffer): Headers {
  const coff = image.length > PE_POINTER + 4 ? image.readUInt32LE(PE_POINTER) + 4 : image.length
  const optional = coff + COFF.size
  const short = image.length < optional + OPTIONAL.certificates + 8
  if (short || image.readUInt32LE(coff - 4) !== SIGNATURE || image.readUInt16LE(optional) !== PE32_PLUS)
    throw new ImageError(
      'this is no 64-bit PE image',
      { size: image.length },
      'a UKI is made from linuxx64.efi.stub',
    )
  const table = optional + image.readUInt16LE(coff + COFF.optionalSize)
  return { coff, optional, table, count: image.readUInt16LE(coff + COFF.sections) }
}

/** Reads the sections of a 64-bit PE image, in the order of its table. Throws an ImageError when it is none. */
export function readSections(image: Buffer): PlacedSection[] {
  const { table, count } = headersOf(image)
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * SECTION.size
    const raw = image.readUInt32LE(at + SECTION.rawPointer)
    const size = Math.min(
      image.readUInt32LE(at + SECTION.virtualSize),
      image.readUInt32LE(at + SECTION.rawSize),
    )
    return {
      name: image.toString('latin1', at, at + 8).replace(/\0+$/, ''),
      virtualAddress: image.readUInt32LE(at + SECTION.virtualAddress),
      data: image.subarray(raw, raw + size),
    }
  })
}

/**
 * Appends read-only data sections to a 64-bit PE image, in the order given, each on pages of its own after all that
 * is there. Nothing of the outside comes in: the checksum, which UEFI ignores, is set to zero.
 *
 * Throws an ImageError when the image is no PE32+, is signed (a signature would no longer hold), already has a section
 * of that name, or has no room left in its header.
 */
export function appendSections(image: Buffer, sections: readonly PeSection[]): Buffer {
  const { coff, optional, table, count } = headersOf(image)
  const there = readSections(image)
  const certificates =
    image.readUInt32LE(optional + OPTIONAL.directories) > 4 &&
    image.readUInt32LE(optional + OPTIONAL.certificates + 4) > 0
  if (certificates) throw new ImageError('cannot append sections to a signed PE image')
  const tableEnd = table + (count + sections.length) * SECTION.size
  const headersSize = image.readUInt32LE(optional + OPTIONAL.headersSize)
  const firstData = Math.min(
    ...there.map((_, i) => image.readUInt32LE(table + i * SECTION.size + SECTION.rawPointer)),
  )
  if (tableEnd > Math.min(headersSize, firstData))
    throw new ImageError('no room for more sections in the header of the PE image', {
      sections: count + sections.length,
      needed: tableEnd,
      there: Math.min(headersSize, firstData),
    })
  const fileAlignment = image.readUInt32LE(optional + OPTIONAL.fileAlignment)
  const memoryAlignment = Math.max(PAGE, image.readUInt32LE(optional + OPTIONAL.sectionAlignment))

  const head = Buffer.from(image)
  const chunks: Buffer[] = [head]
  let fileEnd = image.length
  let memoryEnd = Math.max(
    ...there.map(
      (section, i) =>
        section.virtualAddress + image.readUInt32LE(table + i * SECTION.size + SECTION.virtualSize),
    ),
  )
  let added = 0
  const names = new Set(there.map(({ name }) => name))
  for (const [index, { name, data }] of sections.entries()) {
    if (names.has(name) || Buffer.byteLength(name) > 8 || data.length === 0)
      throw new ImageError(`cannot append the section '${name}' to a PE image`, { size: data.length })
    names.add(name)
    const rawPointer = align(fileEnd, fileAlignment)
    const rawSize = align(data.length, fileAlignment)
    const virtualAddress = align(memoryEnd, memoryAlignment)
    const at = table + (count + index) * SECTION.size
    head.fill(0, at, at + SECTION.size)
    head.write(name, at, 'latin1')
    head.writeUInt32LE(data.length, at + SECTION.virtualSize)
    head.writeUInt32LE(virtualAddress, at + SECTION.virtualAddress)
    head.writeUInt32LE(rawSize, at + SECTION.rawSize)
    head.writeUInt32LE(rawPointer, at + SECTION.rawPointer)
    head.writeUInt32LE(READ_ONLY_DATA, at + SECTION.flags)
    chunks.push(Buffer.alloc(rawPointer - fileEnd), Buffer.from(data), Buffer.alloc(rawSize - data.length))
    fileEnd = rawPointer + rawSize
    memoryEnd = virtualAddress + data.length
    added += rawSize
  }
  head.writeUInt16LE(count + sections.length, coff + COFF.sections)
  const initialized = image.readUInt32LE(optional + OPTIONAL.initializedData)
  head.writeUInt32LE(initialized + added, optional + OPTIONAL.initializedData)
  head.writeUInt32LE(align(memoryEnd, memoryAlignment), optional + OPTIONAL.imageSize)
  head.writeUInt32LE(0, optional + OPTIONAL.checksum)
  return Buffer.concat(chunks)
}
