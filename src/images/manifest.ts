/**
 * The manifest of an image: every path in its tar, with type, mode and owner.
 * @module lbuild/images/manifest
 */
import { createReadStream } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { extract, type Header } from 'tar-stream'
import type { PathEntry } from './paths.ts'

/** One path of an image. */
export interface ManifestEntry extends PathEntry {
  /** Absolute: `/usr/bin/bash`. */
  readonly path: string
  /** Permission bits, with setuid, setgid and sticky. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** The contents of an image's tar, mostly without file contents. */
export interface Manifest {
  /** The entries, in the order of the tar. */
  readonly entries: readonly ManifestEntry[]
  /** The contents of some text files, by path. */
  readonly texts: Readonly<Record<string, string>>
}

const TYPES: Partial<Record<Header['type'], PathEntry['type']>> = {
  file: 'file',
  link: 'file',
  directory: 'directory',
  symlink: 'symlink',
}

/**
 * Reads the manifest of a tar, and the contents of the regular files that `keepText` accepts. Memory holds only these
 * contents. Rejects when the tar is damaged.
 */
export async function readManifest(tar: string, keepText: (path: string) => boolean): Promise<Manifest> {
  const entries: ManifestEntry[] = []
  const texts: Record<string, string> = {}
  const reader = extract()
  const read = async (): Promise<void> => {
    for await (const entry of reader) {
      const { name, type: kind, mode, uid, gid, linkname } = entry.header
      const path = absolutePath(name)
      const type = TYPES[kind] ?? 'other'
      const target = type === 'symlink' ? { target: linkname } : {}
      entries.push({ path, type, mode: mode & 0o7777, uid, gid, ...target })
      if (kind === 'file' && keepText(path)) texts[path] = (await buffer(entry)).toString()
      else entry.resume()
    }
  }
  await Promise.all([pipeline(createReadStream(tar, { highWaterMark: 2 ** 20 }), reader), read()])
  return { entries, texts }
}

/** The name of a tar member as an absolute path of the image. */
const absolutePath = (name: string): string => `/${name.replace(/^\.?\/+|^\.$/, '').replace(/\/+$/, '')}`

/** Looks up paths in a manifest; the root always exists. */
export function manifestLookup(manifest: Manifest): (path: string) => ManifestEntry | undefined {
  const byPath = new Map(manifest.entries.map((entry) => [entry.path, entry]))
  if (!byPath.has('/')) byPath.set('/', { path: '/', type: 'directory', mode: 0o755, uid: 0, gid: 0 })
  return (path) => byPath.get(path)
}
