// Trees, tools and comparisons for tests of images.
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { execa } from 'execa'
import { expect, onTestFinished } from 'vitest'
import type { Run } from '../../src/api/artifact.ts'
import type { Manifest, ManifestEntry } from '../../src/images/manifest.ts'
import { MEMORY_PARENT } from './temporary.ts'

/** The epoch of everything that tests build: 2026-01-01. */
export const EPOCH = 1_767_225_600

const ENV = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  HOME: '/nonexistent',
  SOURCE_DATE_EPOCH: String(EPOCH),
}

/** Makes an ordinary user uid 0 of 65536 ids, as a producer is; nothing for root. */
const AS_ROOT = process.geteuid?.() === 0 ? [] : ['unshare', '--map-root-user', '--map-auto', '--']

/** Runs a tool as a producer does: as uid 0, with a clean environment. */
export const run: Run = async (tool, args, options = {}) => {
  const [program, ...rest] = [...AS_ROOT, tool, ...args]
  const { stdout, stderr, failed } = await execa(program!, rest, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...ENV, ...options.env },
    extendEnv: false,
    reject: false,
    stripFinalNewline: false,
    ...(options.input === undefined ? { stdin: 'ignore' } : { input: options.input }),
  })
  if (failed) throw Object.assign(new Error(`${tool} failed: ${stderr}`), { tail: stderr || stdout })
  return { stdout, stderr }
}

/** A directory that is removed after the test, whoever owns its files. */
export async function temporary(parent = tmpdir()): Promise<string> {
  const directory = await mkdtemp(join(parent, 'lbuild-images-'))
  onTestFinished(async () => {
    // Only a root of a user namespace may remove what producers of an ordinary user made.
    await (AS_ROOT.length === 0
      ? rm(directory, { recursive: true, force: true })
      : run('rm', ['-rf', directory]))
  })
  return directory
}

/** The same in memory, if possible. Not for xorriso, which takes a file below /dev for a drive. */
export const temporaryInMemory = (): Promise<string> => temporary(MEMORY_PARENT)

/** Writes files below a directory: text or bytes, or a link when the content is `{ to }`. */
export async function plant(
  directory: string,
  files: Readonly<Record<string, string | Uint8Array | { readonly to: string }>>,
): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const at = join(directory, path)
    await mkdir(dirname(at), { recursive: true })
    await (typeof content === 'object' && 'to' in content ? symlink(content.to, at) : writeFile(at, content))
  }
  return directory
}

/** The SHA-256 of a file. */
export async function digestOfFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return hash.digest('hex')
}

/** Compares two disk images and skips holes; rejects if they differ. */
export async function expectSameImage(one: string, two: string): Promise<void> {
  expect((await stat(one)).size).toBe((await stat(two)).size)
  await run('qemu-img', ['compare', '-f', 'raw', '-F', 'raw', one, two])
}

type Short =
  string | { readonly to: string } | { readonly mode: number; readonly uid: number; readonly gid: number }

/**
 * A manifest by its paths: a text is a file with that content, `{ to }` a link, `{ mode, uid, gid }` a directory.
 * The directories above are there too, as root's.
 */
export function manifestOf(paths: Readonly<Record<string, Short>>): Manifest {
  const entries = new Map<string, ManifestEntry>()
  const texts: Record<string, string> = {}
  const directory = { type: 'directory', mode: 0o755, uid: 0, gid: 0 } as const
  for (const [path, short] of Object.entries(paths)) {
    for (let end = 0; end >= 0; end = path.indexOf('/', end + 1)) {
      const above = path.slice(0, end) || '/'
      if (!entries.has(above)) entries.set(above, { path: above, ...directory })
    }
    if (typeof short === 'string') {
      entries.set(path, { path, type: 'file', mode: 0o644, uid: 0, gid: 0 })
      texts[path] = short
    } else if ('to' in short)
      entries.set(path, { path, type: 'symlink', mode: 0o777, uid: 0, gid: 0, target: short.to })
    else entries.set(path, { path, ...directory, ...short })
  }
  return { entries: [...entries.values()], texts }
}
