import { pack } from 'tar-stream'
import { ImageError } from './error.ts'
import { manifestLookup, type Manifest, type ManifestEntry } from './manifest.ts'
import { parentOf, resolveInRoot } from './paths.ts'

/** A bit that tar-stream masks out: it takes a mode of 0 for one that was not given. */
const NOT_ZERO = 0o10000

/** Permission bits (setuid, setgid and sticky included) and owner. */
export interface Attributes {
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

interface LayerEntry extends ManifestEntry {
  readonly data?: Uint8Array
}

const ROOT_OWNED = { uid: 0, gid: 0 }

/**
 * A tree of changes over an image, held in memory. Paths are resolved inside the image: a link in the middle of a path
 * is followed within it (`/lib/x` becomes `/usr/lib/x`), the last component never is, so that writing to a link
 * replaces the link. Packed, it is a tar that holds what was added or replaced, and the directories above that.
 */
export class Layer {
  readonly #base: (path: string) => ManifestEntry | undefined
  readonly #manifest: Manifest
  readonly #entries = new Map<string, LayerEntry>()

  constructor(base: Manifest) {
    this.#base = manifestLookup(base)
    this.#manifest = base
  }

  /** What lies at a resolved path, of the layer or else of the image below. */
  lookup(path: string): ManifestEntry | undefined {
    return this.#entries.get(path) ?? this.#base(path)
  }

  /** Resolves a path inside the image; see resolveInRoot. */
  resolve(path: string, followLast = true): string {
    return resolveInRoot((at) => this.lookup(at), path, followLast)
  }

  /**
   * Reads a text file, links followed; undefined when there is none. Of the image below, only the files whose
   * contents are in its manifest can be read: any other is an ImageError.
   */
  read(path: string): string | undefined {
    const at = this.resolve(path)
    const own = this.#entries.get(at)
    if (own?.data) return Buffer.from(own.data).toString()
    const below = this.#base(at)
    if (own || below?.type !== 'file') return undefined
    const text = this.#manifest.texts[at]
    if (text === undefined) throw new ImageError(`the manifest does not hold the contents of ${at}`)
    return text
  }

  /** The paths of all files below a directory, of the image and of the layer, sorted. */
  filesBelow(path: string): string[] {
    const prefix = `${this.resolve(path)}/`
    const paths = new Set([...this.#manifest.entries.map((entry) => entry.path), ...this.#entries.keys()])
    return [...paths].filter((at) => at.startsWith(prefix) && this.lookup(at)?.type === 'file').sort()
  }

  /** Writes a file. It belongs to root unless said otherwise. Throws an ImageError over a directory. */
  write(path: string, data: Uint8Array | string, attributes: Partial<Attributes> = {}): void {
    const at = this.#place(path, 'file')
    const content = typeof data === 'string' ? Buffer.from(data) : data
    this.#entries.set(at, {
      mode: 0o644,
      ...ROOT_OWNED,
      ...attributes,
      path: at,
      type: 'file',
      data: content,
    })
  }

  /** Replaces the content of a file that is there, links followed, and keeps its mode and owner. */
  rewrite(path: string, data: Uint8Array | string): void {
    const at = this.resolve(path)
    const found = this.lookup(at)
    if (found?.type !== 'file') throw new ImageError(`there is no file ${path} in the image`)
    this.write(at, data, { mode: found.mode, uid: found.uid, gid: found.gid })
  }

  /** Makes a symbolic link with this very target. Throws an ImageError over a directory. */
  symlink(path: string, target: string): void {
    const at = this.#place(path, 'symlink')
    this.#entries.set(at, { path: at, type: 'symlink', target, mode: 0o777, ...ROOT_OWNED })
  }

  /** Makes a directory and those above it; one that is there keeps its mode and owner, unless others are given. */
  directory(path: string, attributes: Partial<Attributes> = {}): void {
    const at = this.resolve(path)
    const found = this.lookup(at)
    if (found && found.type !== 'directory')
      throw new ImageError(`${path} cannot be a directory: there is a ${found.type}`, { path: at })
    if (at !== '/') this.directory(parentOf(at))
    if (found && Object.keys(attributes).length === 0) return
    const { mode, uid, gid } = { mode: 0o755, ...ROOT_OWNED, ...found, ...attributes }
    this.#entries.set(at, { path: at, type: 'directory', mode, uid, gid })
  }

  /**
   * Sets mode or owner of a directory, or of a file or link of this layer. Throws an ImageError when there is nothing
   * at the path, or a file of the image below, whose content the layer does not have.
   */
  setAttributes(path: string, attributes: Partial<Attributes>): void {
    const at = this.resolve(path, false)
    const own = this.#entries.get(at)
    const found = own ?? this.#base(at)
    if (!found) throw new ImageError(`permissions name ${path}, which is not in the image`)
    if (found.type === 'directory') this.directory(at, attributes)
    else if (own) this.#entries.set(at, { ...own, ...attributes })
    else
      throw new ImageError(`permissions name ${path}, which is not of this layer`, {
        path: at,
        type: found.type,
      })
  }

  /**
   * Packs the layer as a tar: entries in the order of their bytes, all times at `epoch` (seconds since 1970), no names
   * of users. The directories above an entry come with the attributes that they have in the image.
   */
  async tar(epoch: number): Promise<Buffer> {
    const entries = new Map<string, LayerEntry>()
    for (const [path, entry] of this.#entries) {
      entries.set(path, entry)
      for (let above = path; above !== '/';) {
        above = parentOf(above)
        const directory = this.lookup(above)
        if (directory) entries.set(above, directory)
      }
    }
    const paths = [...entries.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    const archive = pack()
    for (const path of paths) {
      const { type, mode, uid, gid, target, data } = entries.get(path)!
      const name = `.${path}${type === 'directory' && path !== '/' ? '/' : ''}`
      const header = { name, mode: mode | NOT_ZERO, uid, gid, mtime: new Date(epoch * 1000) }
      if (type === 'symlink') archive.entry({ ...header, type, linkname: target ?? '' })
      else if (type === 'directory') archive.entry({ ...header, type })
      else archive.entry({ ...header, type: 'file' }, Buffer.from(data ?? []))
    }
    archive.finalize()
    const chunks: Uint8Array[] = []
    for await (const chunk of archive) chunks.push(chunk as Uint8Array)
    return Buffer.concat(chunks)
  }

  /** Where a file or link is to lie, the directories above it made. */
  #place(path: string, what: string): string {
    const at = this.resolve(path, false)
    if (this.lookup(at)?.type === 'directory')
      throw new ImageError(`${path} cannot be a ${what}: there is a directory`, { path: at })
    this.directory(parentOf(at))
    return at
  }
}
