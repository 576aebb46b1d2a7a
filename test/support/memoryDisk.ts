// A disk in memory.
import { posix } from 'node:path'
import type { RawPath } from '../../src/platform/rawPath.ts'
import type { Disk, Stat } from '../../src/platform/disk.ts'
import { parent } from '../../src/platform/disk.ts'

interface Node {
  type: Stat['type']
  mode: number
  ino: bigint
  mtimeNs: bigint
  ctimeNs: bigint
  data: Buffer
  target: RawPath
}

class DiskError extends Error {
  readonly code: string

  constructor(code: string, path: RawPath) {
    super(`${code}: ${path}`)
    this.code = code
  }
}

/** A disk in memory. Its time stands still until the test sets `now`. */
export class MemoryDisk implements Disk {
  /** Nanoseconds since 1970; stamps every change. */
  now = 1_000_000_000_123_456_789n
  /** The steps in which it stores times, in nanoseconds. */
  step = 1n
  /** Whether it stores change times; otherwise it shows modification times in their place, as FAT does. */
  changeTimes = true
  /** The number of times that a file was opened for reading. */
  reads = 0
  readonly #nodes = new Map<RawPath, Node>()
  readonly #open = new Map<number, { node: Node; position: number }>()
  /** The error codes of paths that cannot be read or searched. */
  readonly forbidden = new Map<RawPath, string>()
  #inodes = 1n
  #descriptors = 3

  constructor() {
    this.#put('/', 'directory', 0o755)
  }

  /** The clock as lbuild takes it. */
  readonly clock = (): bigint => this.now

  file(path: RawPath, content: string, mode = 0o644): void {
    this.mkdir(parent(path))
    const old = this.#nodes.get(path)
    if (old?.type === 'file') {
      old.data = Buffer.from(content, 'latin1')
      old.mtimeNs = old.ctimeNs = this.now
      old.mode = mode
    } else this.#put(path, 'file', mode).data = Buffer.from(content, 'latin1')
  }

  other(path: RawPath): void {
    this.#put(path, 'special file', 0o644)
  }

  touch(path: RawPath): void {
    const node = this.#node(path)
    node.mtimeNs = node.ctimeNs = this.now
  }

  /** Sets the times that utimes(2) can set. */
  setModified(path: RawPath, mtimeNs: bigint): void {
    const node = this.#node(path)
    node.mtimeNs = mtimeNs
    node.ctimeNs = this.now
  }

  lstat(path: RawPath): Stat | undefined {
    this.#allow(parent(path), 'search')
    const node = this.#nodes.get(path)
    if (!node) return undefined
    const { type, mode, ino, data } = node
    const size = data.length
    const mtimeNs = node.mtimeNs - (node.mtimeNs % this.step)
    const ctimeNs = this.changeTimes ? node.ctimeNs - (node.ctimeNs % this.step) : mtimeNs
    return { type, mode, uid: 0, links: 1, size, allocated: size, ino, mtimeNs, ctimeNs }
  }

  stat(path: RawPath): Stat | undefined {
    return this.lstat(this.realpath(path))
  }

  hasChangeTimes(): boolean {
    return this.changeTimes
  }

  readdir(path: RawPath): RawPath[] {
    this.#allow(path)
    const prefix = path === '/' ? '/' : `${path}/`
    return [...this.#nodes.keys()]
      .filter(
        (other) => other !== '/' && other.startsWith(prefix) && !other.slice(prefix.length).includes('/'),
      )
      .map((other) => other.slice(prefix.length))
      .reverse()
  }

  readlink(path: RawPath): RawPath {
    return this.#node(path).target
  }

  /** Follows all links of a path; the rest of it may be missing. */
  realpath(path: RawPath): RawPath {
    return path.split('/').reduce((directory, name) => {
      const at = posix.resolve('/', directory, name)
      const node = this.#nodes.get(at)
      return node?.type === 'symlink' ? this.realpath(posix.resolve(directory || '/', node.target)) : at
    })
  }

  readFile(path: RawPath): Buffer {
    this.#allow(path)
    return Buffer.from(this.#node(path).data)
  }

  open(path: RawPath, flags: 'r' | 'wx' | 'a' | 'untrusted', mode = 0o644): number {
    this.#allow(path)
    if (flags === 'wx' && this.#nodes.has(path)) throw new DiskError('EEXIST', path)
    if (flags === 'r') this.reads += 1
    const node = flags === 'wx' ? this.#put(path, 'file', mode) : this.#node(this.realpath(path))
    this.#open.set((this.#descriptors += 1), { node, position: 0 })
    return this.#descriptors
  }

  read(fd: number, buffer: Uint8Array, position?: number): number {
    const file = this.#open.get(fd)!
    if (position !== undefined) file.position = position
    const copied = file.node.data.copy(buffer, 0, file.position)
    file.position += copied
    return copied
  }

  write(fd: number, buffer: Uint8Array): void {
    const { node } = this.#open.get(fd)!
    node.data = Buffer.concat([node.data, buffer])
    node.mtimeNs = node.ctimeNs = this.now
  }

  truncate(): void {
    throw new Error('no test needs it')
  }

  fsync(): void {}

  close(fd: number): void {
    this.#open.delete(fd)
  }

  chmod(path: RawPath, mode: number): void {
    const node = this.#node(path)
    node.mode = mode
    node.ctimeNs = this.now
  }

  chown(): void {
    throw new Error('no test needs it')
  }

  utimes(): void {
    throw new Error('no test needs it')
  }

  mkdir(path: RawPath): RawPath | undefined {
    if (this.#nodes.has(path)) return undefined
    const first = this.mkdir(parent(path))
    this.#put(path, 'directory', 0o755)
    return first ?? path
  }

  symlink(target: RawPath, path: RawPath): void {
    this.mkdir(parent(path))
    this.#put(path, 'symlink', 0o777).target = target
  }

  link(): void {
    throw new Error('no test needs it')
  }

  rename(from: RawPath, to: RawPath): void {
    for (const [path, node] of Array.from(this.#nodes))
      if (path === from || path.startsWith(`${from}/`)) {
        this.#nodes.delete(path)
        this.#nodes.set(to + path.slice(from.length), node)
      }
    this.#node(to).ctimeNs = this.now
  }

  unlink(path: RawPath): void {
    this.removeTree(path)
  }

  removeTree(path: RawPath): void {
    for (const other of Array.from(this.#nodes.keys()))
      if (other === path || other.startsWith(`${path}/`)) this.#nodes.delete(other)
  }

  #put(path: RawPath, type: Stat['type'], mode: number): Node {
    const [mtimeNs, ctimeNs] = [this.now, this.now]
    const node = {
      type,
      mode,
      ino: (this.#inodes += 1n),
      mtimeNs,
      ctimeNs,
      data: Buffer.alloc(0),
      target: '',
    }
    this.#nodes.set(path, node)
    return node
  }

  #node(path: RawPath): Node {
    const node = this.#nodes.get(path)
    if (!node) throw new DiskError('ENOENT', path)
    return node
  }

  #allow(path: RawPath, action = 'read'): void {
    const code = this.forbidden.get(`${action} ${path}`)
    if (code !== undefined) throw new DiskError(code, path)
  }
}
