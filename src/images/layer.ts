/**
 * A layer of changes over an image, held in memory and packed as a tar.
 * @module lbuild/images/layer
 */
import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { Failure } from '../api/index.ts'
import { manifestLookup, type Manifest, type ManifestEntry } from './manifest.ts'
import { parentPath, resolveInRoot } from './paths.ts'

/** A bit that tar-stream masks out; without it, tar-stream would replace a mode of 0 by its default. */
const NOT_ZERO = 0o10000

/** Permission bits (with setuid, setgid and sticky) and owner. */
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
 * A tree of changes over an image. Paths are resolved inside the image: a link in the middle of a path is followed
 * (`/lib/x` becomes `/usr/lib/x`), but never the last component, so that writing to a link replaces the link. The
 * packed tar contains what was added or replaced, and the directories above it.
 */
export class Layer {
  readonly #base: (path: string) => ManifestEntry | undefined
  readonly #manifest: Manifest
  readonly #entries = new Map<string, LayerEntry>()

  constructor(base: Manifest) {
    this.#base = manifestLookup(base)
    this.#manifest = base
  }

  /** The entry at a resolved path, in the layer or else in the image below. */
  lookup(path: string): ManifestEntry | undefined {
    return this.#entries.get(path) ?? this.#base(path)
  }

  /** Resolves a path inside the image; see `resolveInRoot`. */
  resolve(path: string, followLast = true): string {
    return resolveInRoot((at) => this.lookup(at), path, followLast)
  }

  /**
   * Reads a text file, following links; undefined when the file is missing. Throws a Failure for a file of the image
   * below whose content its manifest does not contain.
   */
  read(path: string): string | undefined {
    const at = this.resolve(path)
    const own = this.#entries.get(at)
    if (own?.data) return Buffer.from(own.data).toString()
    const below = this.#base(at)
    if (own || below?.type !== 'file') return undefined
    const text = this.#manifest.texts[at]
    if (text === undefined) throw new Failure(`the manifest does not contain the text of '${at}'`)
    return text
  }

  /** The sorted paths of all files below a directory, in the image and in the layer. */
  filesBelow(path: string): string[] {
    const prefix = `${this.resolve(path)}/`
    const paths = new Set([...this.#manifest.entries.map((entry) => entry.path), ...this.#entries.keys()])
    return [...paths].filter((at) => at.startsWith(prefix) && this.lookup(at)?.type === 'file').sort()
  }

  /**
   * Writes a file, with mode 0644 and owned by root by default, and creates missing directories above it. Throws a
   * Failure when the path is a directory.
   */
  write(path: string, data: Uint8Array | string, attributes: Partial<Attributes> = {}): void {
    const at = this.#prepare(path, 'file')
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

  /** Replaces the content of a file, following links; its mode and owner stay. Throws a Failure when it is missing. */
  rewrite(path: string, data: Uint8Array | string): void {
    const at = this.resolve(path)
    const entry = this.lookup(at)
    if (entry?.type !== 'file') throw new Failure(`the image has no file '${path}'`)
    this.write(at, data, { mode: entry.mode, uid: entry.uid, gid: entry.gid })
  }

  /** Creates a symbolic link with exactly this target. Throws a Failure when the path is a directory. */
  symlink(path: string, target: string): void {
    const at = this.#prepare(path, 'symlink')
    this.#entries.set(at, { path: at, type: 'symlink', target, mode: 0o777, ...ROOT_OWNED })
  }

  /**
   * Creates a directory, and missing directories above it, with mode 0755 and owned by root by default. An existing
   * directory keeps the attributes that are not given. Throws a Failure when the path is not a directory.
   */
  directory(path: string, attributes: Partial<Attributes> = {}): void {
    const at = this.resolve(path)
    const existing = this.lookup(at)
    if (existing && existing.type !== 'directory')
      throw new Failure(`cannot create directory '${path}': the path is a ${existing.type}`, {
        facts: [['path', at]],
      })
    if (at !== '/') this.directory(parentPath(at))
    if (existing && Object.keys(attributes).length === 0) return
    const { mode, uid, gid } = { mode: 0o755, ...ROOT_OWNED, ...existing, ...attributes }
    this.#entries.set(at, { path: at, type: 'directory', mode, uid, gid })
  }

  /**
   * Sets the mode or owner of a directory, or of a file or link of this layer. Throws a Failure when the path is
   * missing, or is a file of the image below, because the layer does not have its content.
   */
  setAttributes(path: string, attributes: Partial<Attributes>): void {
    const at = this.resolve(path, false)
    const own = this.#entries.get(at)
    const entry = own ?? this.#base(at)
    if (!entry) throw new Failure(`cannot set permissions of '${path}': it is not in the image`)
    if (entry.type === 'directory') this.directory(at, attributes)
    else if (own) this.#entries.set(at, { ...own, ...attributes })
    else
      throw new Failure(`cannot set permissions of '${path}': it is not part of this layer`, {
        facts: [
          ['path', at],
          ['type', entry.type],
        ],
      })
  }

  /**
   * Packs the layer as a tar: entries sorted by bytes, every time at `epoch` (seconds since 1970-01-01), numeric owners
   * only. The directories above an entry have the attributes that they have in the image.
   */
  async tar(epoch: number): Promise<Uint8Array> {
    const archive = pack()
    for (const entry of this.#sortedEntries()) {
      const { path, type, mode, uid, gid, target, data } = entry
      const name = `.${path}${type === 'directory' && path !== '/' ? '/' : ''}`
      const header = { name, mode: mode | NOT_ZERO, uid, gid, mtime: new Date(epoch * 1000) }
      if (type === 'symlink') archive.entry({ ...header, type, linkname: target ?? '' })
      else if (type === 'directory') archive.entry({ ...header, type })
      else archive.entry({ ...header, type: 'file' }, Buffer.from(data ?? []))
    }
    archive.finalize()
    return buffer(archive)
  }

  /** The entries of the layer and the directories above them, sorted by the bytes of their paths. */
  #sortedEntries(): LayerEntry[] {
    const entries = new Map<string, LayerEntry>()
    for (const [path, entry] of this.#entries) {
      entries.set(path, entry)
      for (let above = path; above !== '/';) {
        above = parentPath(above)
        const directory = this.lookup(above)
        if (directory) entries.set(above, directory)
      }
    }
    return [...entries.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)))
  }

  /** Resolves the path of a new file or link, and creates the directories above it. */
  #prepare(path: string, type: string): string {
    const at = this.resolve(path, false)
    if (this.lookup(at)?.type === 'directory')
      throw new Failure(`cannot create ${type} '${path}': the path is a directory`, {
        facts: [['path', at]],
      })
    this.directory(parentPath(at))
    return at
  }
}
