import { createReadStream } from 'node:fs'
import { extract, type Header } from 'tar-stream'
import type { Found, Lookup } from './paths.ts'

/** One path of an image. */
export interface ManifestEntry extends Found {
  /** Absolute: `/usr/bin/bash`. */
  readonly path: string
  /** Permission bits, setuid, setgid and sticky included. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What there is in the tar of an image, without the contents. */
export interface Manifest {
  /** In the order of the tar. */
  readonly entries: readonly ManifestEntry[]
  /** The contents of some text files, by path. */
  readonly texts: Readonly<Record<string, string>>
}

const TYPES: Partial<Record<Header['type'], Found['type']>> = {
  file: 'file',
  link: 'file',
  directory: 'directory',
  symlink: 'symlink',
}

/**
 * Reads the manifest of a tar: every path with its type, mode and owner, and the contents of the regular files that
 * `keepText` asks for. Contents are streamed past, not held.
 */
export async function readManifest(tar: string, keepText: (path: string) => boolean): Promise<Manifest> {
  const entries: ManifestEntry[] = []
  const texts: Record<string, string> = {}
  const reader = extract()
  const source = createReadStream(tar, { highWaterMark: 2 ** 20 })
  source.on('error', (error) => reader.destroy(error))
  source.pipe(reader as unknown as NodeJS.WritableStream)
  for await (const entry of reader) {
    const { name, type: kind, mode, uid, gid, linkname } = entry.header
    const path = absolute(name)
    const type = TYPES[kind] ?? 'other'
    const target = type === 'symlink' ? { target: linkname } : {}
    entries.push({ path, type, mode: mode & 0o7777, uid, gid, ...target })
    if (kind === 'file' && keepText(path)) texts[path] = await textOf(entry)
    else entry.resume()
  }
  return { entries, texts }
}

async function textOf(content: AsyncIterable<unknown>): Promise<string> {
  const chunks: Uint8Array[] = []
  for await (const chunk of content) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks).toString()
}

/** The name of a tar's member as a path from the image's root. */
const absolute = (name: string): string => `/${name.replace(/^\.?\/+|^\.$/, '').replace(/\/+$/, '')}`

/** A lookup over a manifest. The root is always there. */
export function manifestLookup(manifest: Manifest): (path: string) => ManifestEntry | undefined {
  const byPath = new Map(manifest.entries.map((entry) => [entry.path, entry]))
  if (!byPath.has('/')) byPath.set('/', { path: '/', type: 'directory', mode: 0o755, uid: 0, gid: 0 })
  return ((path) => byPath.get(path)) satisfies Lookup
}
