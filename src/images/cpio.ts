import { ImageError } from './error.ts'

/** One member of a cpio archive; names have no leading slash. `mode` holds permission bits only. */
export type CpioEntry = { readonly path: string; readonly mode: number } & (
  | { readonly type: 'file'; readonly data: Uint8Array }
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'character'; readonly major: number; readonly minor: number }
)

/** File types in st_mode (inode(7)). */
const TYPES = { file: 0o100000, directory: 0o040000, symlink: 0o120000, character: 0o020000 }

const MAGIC = '070701'
const TRAILER = 'TRAILER!!!'
/** GNU cpio pads an archive to blocks of this size; the kernel skips zeros. */
const BLOCK = 512

/**
 * Packs a cpio archive in the "newc" format, as the kernel unpacks for an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst): a header of 13 numbers of 8 hexadecimal digits after
 * the magic, the name with its zero byte, the data, both padded to 4 bytes. Everything belongs to root, inode numbers
 * count up, and all times are `epoch`, in seconds since 1970. Entries are packed in the order given.
 *
 * Throws an ImageError when a path comes twice or before its directory.
 */
export function packCpio(entries: readonly CpioEntry[], epoch: number): Buffer {
  const directories = new Set([''])
  const seen = new Set<string>()
  const chunks: Uint8Array[] = []
  let size = 0
  const push = (chunk: Uint8Array) => {
    chunks.push(chunk)
    size += chunk.length
  }
  const pad = (to: number) => push(Buffer.alloc((to - (size % to)) % to))
  const member = (
    ino: number,
    mode: number,
    name: string,
    data: Uint8Array,
    links: number,
    time: number,
    dev = [0, 0],
  ) => {
    const path = Buffer.from(`${name}\0`)
    const [major = 0, minor = 0] = dev
    const numbers = [ino, mode, 0, 0, links, time, data.length, 0, 0, major, minor, path.length, 0]
    push(
      Buffer.from(
        MAGIC + numbers.map((number) => number.toString(16).padStart(8, '0').toUpperCase()).join(''),
      ),
    )
    push(path)
    pad(4)
    push(data)
    pad(4)
  }
  entries.forEach((entry, index) => {
    const above = entry.path.slice(0, Math.max(0, entry.path.lastIndexOf('/')))
    if (seen.has(entry.path) || !directories.has(above) || entry.path === '')
      throw new ImageError(
        seen.has(entry.path)
          ? `${entry.path} comes twice in a cpio archive`
          : `${entry.path} comes before its directory`,
      )
    seen.add(entry.path)
    if (entry.type === 'directory') directories.add(entry.path)
    const data =
      entry.type === 'file' ? entry.data : Buffer.from(entry.type === 'symlink' ? entry.target : '')
    const device = entry.type === 'character' ? [entry.major, entry.minor] : [0, 0]
    member(
      index + 1,
      TYPES[entry.type] | entry.mode,
      entry.path,
      data,
      entry.type === 'directory' ? 2 : 1,
      epoch,
      device,
    )
  })
  member(0, 0, TRAILER, Buffer.alloc(0), 1, 0)
  pad(BLOCK)
  return Buffer.concat(chunks)
}

/** The directories above some paths, each once, before what it holds. */
export function parentDirectories(paths: readonly string[]): CpioEntry[] {
  const directories = new Set<string>()
  for (const path of paths)
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      directories.add(path.slice(0, end))
  return [...directories].sort().map((path) => ({ path, type: 'directory', mode: 0o755 }))
}
