/**
 * Debian's archives, their mirrors, and the sources that a host has configured for apt.
 * @module lbuild/debian/sources
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A Debian archive; on a mirror it has a directory of this name. */
export type Archive = 'debian' | 'debian-security'

/** The archive of a path on a mirror: its first component. */
export const archiveOf = (path: string): Archive =>
  path.startsWith('debian-security/') ? 'debian-security' : 'debian'

/** The base address of a mirror with every archive. */
export const DEFAULT_MIRROR = 'http://deb.debian.org'

/**
 * The addresses in an apt source file, in its order. `.sources` files use the deb822 format, `.list` files have one
 * source per line (sources.list(5)). Disabled sources and sources of source packages are skipped.
 */
export function sourceUris(text: string, format: 'deb822' | 'list'): string[] {
  return format === 'deb822' ? deb822Uris(text) : listUris(text)
}

const listUris = (text: string): string[] =>
  [...text.matchAll(/^[^\S\n]*deb[^\S\n]+(?:\[[^\]\n]*\][^\S\n]*)?(\S+)/gm)].map(([, uri = '']) => uri)

function deb822Uris(text: string): string[] {
  const uris: string[] = []
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
    const fields = new Map<string, string>()
    for (const [, name = '', value = ''] of stanza.matchAll(/^([A-Za-z0-9-]+):((?:.|\n[ \t])*)/gm))
      fields.set(name.toLowerCase(), value.trim())
    const types = fields.get('types')?.split(/\s+/) ?? []
    if (!types.includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? 'yes')) continue
    uris.push(...(fields.get('uris') ?? '').split(/\s+/).filter(Boolean))
  }
  return uris
}

/** The base addresses of an archive's mirrors among some addresses: `http://…/debian/` gives `http://…`. */
export function mirrorsOf(archive: Archive, uris: readonly string[]): string[] {
  const bases = uris
    .map((uri) => uri.replace(/\/+$/, ''))
    .filter((uri) => /^https?:/.test(uri) && uri.endsWith(`/${archive}`))
    .map((uri) => uri.slice(0, -archive.length - 1))
  return [...new Set(bases)]
}

/** All addresses in the apt sources of a directory such as /etc/apt; none when the directory is missing. */
export function hostUris(directory: string): string[] {
  const parts = join(directory, 'sources.list.d')
  const files = [join(directory, 'sources.list'), ...list(parts).map((name) => join(parts, name))]
  return files
    .filter((file) => /\.(list|sources)$/.test(file))
    .flatMap((file) => sourceUris(read(file), file.endsWith('.sources') ? 'deb822' : 'list'))
}

/**
 * The base addresses to download an archive from, best first: `mirror`, or those of the host when it is empty, and
 * finally Debian's own.
 */
export function mirrorsFor(mirror: string, archive: Archive, hostDirectory = '/etc/apt'): string[] {
  const first = mirror === '' ? mirrorsOf(archive, hostUris(hostDirectory)) : [mirror.replace(/\/+$/, '')]
  return [...new Set([...first, DEFAULT_MIRROR])]
}

/** The best base address to download an archive from. */
export function bestMirror(mirror: string, archive: Archive): string {
  const [best = DEFAULT_MIRROR] = mirrorsFor(mirror, archive)
  return best
}

const list = (directory: string): string[] => orIfUnreadable([], () => readdirSync(directory).sort())
const read = (file: string): string => orIfUnreadable('', () => readFileSync(file, 'utf8'))

/** The result of an action, or `value` when its file is missing or unreadable. */
function orIfUnreadable<T>(value: T, action: () => T): T {
  try {
    return action()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EACCES') return value
    throw error
  }
}
