import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The Debian archives that a system is made from; on a mirror each lies in a directory of this name. */
export const ARCHIVES = ['debian', 'debian-security'] as const

export type Archive = (typeof ARCHIVES)[number]

/** The archive that a path on a mirror is in: its first part. */
export const archiveOf = (path: string): Archive =>
  path.startsWith('debian-security/') ? 'debian-security' : 'debian'

/** Where every archive can be had. */
export const DEFAULT_MIRROR = 'http://deb.debian.org'

/**
 * The addresses that an apt source file names, in its order. `.sources` files are in the deb822 format, `.list` files
 * have one source to a line (sources.list(5)); disabled sources and sources of source packages are left out.
 */
export function sourceUris(text: string, format: 'deb822' | 'list'): string[] {
  return format === 'deb822' ? deb822Uris(text) : listUris(text)
}

function listUris(text: string): string[] {
  const uris: string[] = []
  for (const line of text.split('\n')) {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)/.exec(line)
    if (match) uris.push(match[1]!)
  }
  return uris
}

function deb822Uris(text: string): string[] {
  const uris: string[] = []
  const lines = text.split('\n').filter((line) => !line.startsWith('#'))
  for (const stanza of lines.join('\n').split(/\n\s*\n/)) {
    const fields = new Map<string, string>()
    for (const [, name, value] of stanza.matchAll(/^([A-Za-z0-9-]+):((?:.|\n[ \t])*)/gm))
      fields.set(name!.toLowerCase(), value!.trim())
    const types = fields.get('types')?.split(/\s+/) ?? []
    if (!types.includes('deb') || /^(no|false|0)$/i.test(fields.get('enabled') ?? 'yes')) continue
    uris.push(...(fields.get('uris') ?? '').split(/\s+/).filter(Boolean))
  }
  return uris
}

/** The base addresses of the mirrors of an archive among some addresses: `http://…/debian/` gives `http://…`. */
export function mirrorsOf(archive: Archive, uris: readonly string[]): string[] {
  const bases = uris
    .map((uri) => uri.replace(/\/+$/, ''))
    .filter((uri) => /^https?:/.test(uri) && uri.endsWith(`/${archive}`))
    .map((uri) => uri.slice(0, -archive.length - 1))
  return [...new Set(bases)]
}

/** All addresses in the apt sources of a directory such as /etc/apt; none where there is no such directory. */
export function hostUris(directory: string): string[] {
  const parts = join(directory, 'sources.list.d')
  const files = [join(directory, 'sources.list'), ...list(parts).map((name) => join(parts, name))]
  return files
    .filter((file) => /\.(list|sources)$/.test(file))
    .flatMap((file) => sourceUris(read(file), file.endsWith('.sources') ? 'deb822' : 'list'))
}

/**
 * The base addresses to fetch an archive from, best first: the one that is asked for, or else those of the host, and
 * in any case Debian's own.
 */
export function mirrorsFor(mirror: string, archive: Archive, hostDirectory = '/etc/apt'): string[] {
  const first = mirror === '' ? mirrorsOf(archive, hostUris(hostDirectory)) : [mirror.replace(/\/+$/, '')]
  return [...new Set([...first, DEFAULT_MIRROR])]
}

const list = (directory: string): string[] => absentAs([], () => readdirSync(directory).sort())
const read = (file: string): string => absentAs('', () => readFileSync(file, 'utf8'))

function absentAs<T>(value: T, action: () => T): T {
  try {
    return action()
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return value
    throw error
  }
}
