/**
 * Packs cpio archives, the format of an initramfs.
 * @module lbuild/images/cpio
 */
import { Failure } from '../api/index.ts'

/** One member of a cpio archive. Its path has no leading slash; `mode` contains permission bits only. */
export type CpioEntry = { readonly path: string; readonly mode: number } & (
  | { readonly type: 'file'; readonly data: Uint8Array }
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'character'; readonly major: number; readonly minor: number }
)

/** File types in st_mode (inode(7)). */
const FILE_TYPES = { file: 0o100000, directory: 0o040000, symlink: 0o120000, character: 0o020000 }

const MAGIC = '070701'
const TRAILER = 'TRAILER!!!'
/** GNU cpio pads an archive to blocks of this size, in bytes; the kernel skips the zeros. */
const BLOCK = 512

/**
 * Packs a cpio archive in the "newc" format that the kernel unpacks as an initramfs
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Root owns every member, inode numbers count up, and
 * every time is `epoch`, in seconds since 1970-01-01. The order of the entries is kept.
 *
 * Throws a Failure when a path occurs twice or before its directory.
 */
export function packCpio(entries: readonly CpioEntry[], epoch: number): Uint8Array {
  const archive = new Archive()
  const directories = new Set([''])
  const paths = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const { path } = entry
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')))
    if (paths.has(path)) throw new Failure(`'${path}' occurs twice in a cpio archive`)
    if (!directories.has(parent) || path === '')
      throw new Failure(`'${path}' precedes its directory in a cpio archive`)
    paths.add(path)
    if (entry.type === 'directory') directories.add(path)
    archive.add({
      inode: index + 1,
      mode: FILE_TYPES[entry.type] | entry.mode,
      name: path,
      data: dataOf(entry),
      links: entry.type === 'directory' ? 2 : 1,
      time: epoch,
      ...(entry.type === 'character' ? { major: entry.major, minor: entry.minor } : {}),
    })
  }
  archive.add({ inode: 0, mode: 0, name: TRAILER, data: new Uint8Array(), links: 1, time: 0 })
  return archive.finish()
}

function dataOf(entry: CpioEntry): Uint8Array {
  if (entry.type === 'file') return entry.data
  return Buffer.from(entry.type === 'symlink' ? entry.target : '')
}

interface Member {
  readonly inode: number
  readonly mode: number
  readonly name: string
  readonly data: Uint8Array
  readonly links: number
  readonly time: number
  readonly major?: number
  readonly minor?: number
}

/** An archive in the making: a header, a name and data for each member, both padded to 4 bytes. */
class Archive {
  readonly #chunks: Uint8Array[] = []
  #size = 0

  add({ inode, mode, name, data, links, time, major = 0, minor = 0 }: Member): void {
    const path = Buffer.from(`${name}\0`)
    const numbers = [inode, mode, 0, 0, links, time, data.length, 0, 0, major, minor, path.length, 0]
    const digits = numbers.map((number) => number.toString(16).padStart(8, '0').toUpperCase())
    this.#push(Buffer.from(MAGIC + digits.join('')))
    this.#push(path)
    this.#pad(4)
    this.#push(data)
    this.#pad(4)
  }

  finish(): Uint8Array {
    this.#pad(BLOCK)
    return Buffer.concat(this.#chunks)
  }

  #push(chunk: Uint8Array): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
  }

  #pad(multiple: number): void {
    this.#push(new Uint8Array((multiple - (this.#size % multiple)) % multiple))
  }
}

/** The directories that contain these paths, each once and before its contents, with mode 0755. */
export function parentDirectories(paths: readonly string[]): CpioEntry[] {
  const directories = new Set<string>()
  for (const path of paths)
    for (let end = path.indexOf('/'); end > 0; end = path.indexOf('/', end + 1))
      directories.add(path.slice(0, end))
  return [...directories].sort().map((path) => ({ path, type: 'directory', mode: 0o755 }))
}
