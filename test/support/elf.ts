// Makes ELF files that have what lbuild reads of them.

/** A little-endian ELF of 64 bits; with a loader it is a dynamic executable, otherwise a shared object (`e_type` 3) or a static executable. */
export function elf({ loader, type = 3 }: { loader?: string; type?: number }, content = ''): string {
  const header = Buffer.alloc(64)
  header.write('\x7fELF\x02\x01\x01', 'latin1')
  header.writeUInt16LE(type, 16)
  header.writeBigUInt64LE(64n, 32)
  header.writeUInt16LE(56, 54)
  header.writeUInt16LE(2, 56)
  const programHeaders = Buffer.alloc(2 * 56)
  programHeaders.writeUInt32LE(6, 0)
  const name = Buffer.from(loader === undefined ? '' : `${loader}\0`)
  if (loader !== undefined) {
    programHeaders.writeUInt32LE(3, 56)
    programHeaders.writeBigUInt64LE(BigInt(64 + 2 * 56), 56 + 8)
    programHeaders.writeBigUInt64LE(BigInt(name.length), 56 + 32)
  }
  return Buffer.concat([header, programHeaders, name, Buffer.from(content)]).toString('latin1')
}
