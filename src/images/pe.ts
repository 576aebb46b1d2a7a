/**
 * Appends sections to PE images, the format of EFI programs.
 * @module lbuild/images/pe
 */
import { Failure } from '../api/index.ts'

/** A section of a PE image. */
export interface PeSection {
  /** At most 8 bytes: `.linux`. */
  readonly name: string
  readonly data: Uint8Array
}

/** A section with its address in memory, in bytes from the image's base. */
export interface PlacedSection extends PeSection {
  readonly virtualAddress: number
}

/*
 * Offsets from "PE Format", Microsoft, in bytes: the COFF file header, the optional header of PE32+, and an entry of the
 * section table, each counted from its own start.
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
/** Bytes in a page of the firmware; appended sections must not share one with the stub's own. */
const PAGE = 4096

const align = (value: number, to: number): number => Math.ceil(value / to) * to

/** A view of the same memory with Node's methods to read and write numbers. */
const bufferOf = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength)

/** Where the headers of an image start, in bytes, and the number of its sections. */
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
    throw new Failure('not a 64-bit PE image', {
      facts: [['size', `${image.length} bytes`]],
      hint: 'use linuxx64.efi.stub as the stub of a UKI',
    })
  const table = optional + image.readUInt16LE(coff + COFF.optionalSize)
  return { coff, optional, table, count: image.readUInt16LE(coff + COFF.sections) }
}

/** A section as the section table describes it, with the size that it takes in memory. */
interface TableEntry extends PlacedSection {
  readonly virtualSize: number
  readonly rawPointer: number
}

function tableOf(image: Buffer, { table, count }: Headers): TableEntry[] {
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * SECTION.size
    const rawPointer = image.readUInt32LE(at + SECTION.rawPointer)
    const virtualSize = image.readUInt32LE(at + SECTION.virtualSize)
    const size = Math.min(virtualSize, image.readUInt32LE(at + SECTION.rawSize))
    return {
      name: image.toString('latin1', at, at + 8).replace(/\0+$/, ''),
      virtualAddress: image.readUInt32LE(at + SECTION.virtualAddress),
      virtualSize,
      rawPointer,
      data: image.subarray(rawPointer, rawPointer + size),
    }
  })
}

/** Reads the sections of a 64-bit PE image, in the order of its table. Throws a Failure for any other file. */
export function readSections(image: Uint8Array): PlacedSection[] {
  const buffer = bufferOf(image)
  return tableOf(buffer, headersOf(buffer)).map(({ name, virtualAddress, data }) => {
    return { name, virtualAddress, data }
  })
}

/**
 * Appends read-only data sections to a 64-bit PE image, in the order given, each on pages of its own behind everything
 * else. The checksum, which UEFI ignores, becomes zero.
 *
 * Throws a Failure when the image is not PE32+, when it is signed (its signature would become invalid), when it already
 * has a section of that name, or when its header has no room left.
 */
export function appendSections(image: Uint8Array, sections: readonly PeSection[]): Uint8Array {
  const head = Buffer.from(image)
  const headers = headersOf(head)
  const { coff, optional, table, count } = headers
  const existing = tableOf(head, headers)
  checkRoom(head, headers, existing, sections.length)
  const fileAlignment = head.readUInt32LE(optional + OPTIONAL.fileAlignment)
  const memoryAlignment = Math.max(PAGE, head.readUInt32LE(optional + OPTIONAL.sectionAlignment))

  const chunks: Uint8Array[] = [head]
  let fileEnd = head.length
  let memoryEnd = Math.max(...existing.map(({ virtualAddress, virtualSize }) => virtualAddress + virtualSize))
  let added = 0
  const names = new Set(existing.map(({ name }) => name))
  for (const [index, { name, data }] of sections.entries()) {
    if (names.has(name) || Buffer.byteLength(name) > 8 || data.length === 0)
      throw new Failure(`cannot append section '${name}' to a PE image`, {
        facts: [['size', `${data.length} bytes`]],
        hint: 'give each section data and a unique name of at most 8 bytes',
      })
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
    chunks.push(new Uint8Array(rawPointer - fileEnd), data, new Uint8Array(rawSize - data.length))
    fileEnd = rawPointer + rawSize
    memoryEnd = virtualAddress + data.length
    added += rawSize
  }
  head.writeUInt16LE(count + sections.length, coff + COFF.sections)
  const initialized = head.readUInt32LE(optional + OPTIONAL.initializedData)
  head.writeUInt32LE(initialized + added, optional + OPTIONAL.initializedData)
  head.writeUInt32LE(align(memoryEnd, memoryAlignment), optional + OPTIONAL.imageSize)
  head.writeUInt32LE(0, optional + OPTIONAL.checksum)
  return Buffer.concat(chunks)
}

/** Throws a Failure when an image is signed, or its header has no room for more sections. */
function checkRoom(
  image: Buffer,
  { optional, table, count }: Headers,
  existing: readonly TableEntry[],
  more: number,
): void {
  const hasCertificates =
    image.readUInt32LE(optional + OPTIONAL.directories) > 4 &&
    image.readUInt32LE(optional + OPTIONAL.certificates + 4) > 0
  if (hasCertificates)
    throw new Failure('cannot append sections to a signed PE image', { hint: 'use an unsigned image' })
  const needed = table + (count + more) * SECTION.size
  const firstData = Math.min(...existing.map(({ rawPointer }) => rawPointer))
  const available = Math.min(image.readUInt32LE(optional + OPTIONAL.headersSize), firstData)
  if (needed > available)
    throw new Failure('the header of the PE image has no room for more sections', {
      facts: [
        ['sections', String(count + more)],
        ['needed', `${needed} bytes`],
        ['available', `${available} bytes`],
      ],
    })
}
