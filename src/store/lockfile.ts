// Reads, checks and writes lockfiles.
import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import type { Part } from '../planner/domain.ts'
import { contentOf } from '../planner/part.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { byBytes, display } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { replaceFile } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { Digest } from '../platform/digest.ts'
import { digestOf, isDigest } from '../platform/digest.ts'
import { canonicalJson } from '../platform/json.ts'

/** An entry of a lockfile, checked. */
export type LockfileEntry = LockedFile & { readonly sha256: Digest }

/** The content of a lockfile. */
export interface LockfileContent {
  /** The digest of what it was resolved from; if that changes, the lockfile is outdated. */
  readonly request: Digest
  readonly files: readonly LockfileEntry[]
}

/** The digest of the files that a lockfile names: lockfiles with the same files are the same input. */
export const lockfileDigest = (files: readonly LockedFile[]): Digest =>
  digestOf(files.flatMap(({ name, sha256 }) => [name, sha256]))

/**
 * Reads a lockfile; undefined if it is missing. Throws a Failure (exit code 2) if it is invalid, since people edit and
 * merge lockfiles.
 */
export function readLockfile(disk: Disk, path: RawPath): LockfileContent | undefined {
  const type = disk.stat(path)?.type
  if (type === undefined) return undefined
  // Reading a fifo would block this process.
  if (type !== 'file') throw unreadable(path, `it is a ${type}`)
  const text = disk.readFile(path).toString()
  try {
    const { version, request, files } = JSON.parse(text) as LockfileContent & { version: number }
    if (version !== 1 || typeof request !== 'string' || !Array.isArray(files) || !files.every(isLockedFile))
      throw new Error('it does not have the fields of a lockfile of version 1')
    return { request, files }
  } catch (error) {
    throw unreadable(path, error instanceof Error ? error.message : String(error))
  }
}

const unreadable = (path: RawPath, reason: string): Failure =>
  new Failure(`cannot read the lockfile '${display(path)}'`, {
    facts: [['reason', reason]],
    hint: 'restore it, or remove it so that it is resolved again',
    exitCode: 2,
  })

/** Checks what a resolver found. Throws a Failure for an entry that a lockfile cannot hold. */
export function checkLocked(lockfile: string, files: readonly unknown[]): readonly LockfileEntry[] {
  const names = new Set<string>()
  const wrong = files.find((file) => !isLockedFile(file) || names.size === names.add(file.name).size)
  if (wrong === undefined) return files.filter(isLockedFile)
  throw new Failure(`the resolver of the lockfile '${lockfile}' returned an invalid entry`, {
    facts: [['entry', JSON.stringify(wrong)]],
    hint: 'give each entry a unique name, a version, a path without .., a size in bytes and a SHA-256',
  })
}

/** Writes a lockfile with one file per line, so that changes can be read and merged. */
export function writeLockfile(disk: Disk, path: RawPath, { request, files }: LockfileContent): void {
  const lines = files.toSorted((a, b) => byBytes(a.name, b.name)).map((file) => `    ${JSON.stringify(file)}`)
  replaceFile(
    disk,
    path,
    `{\n  "version": 1,\n  "request": "${request}",\n  "files": [\n${lines.join(',\n')}\n  ]\n}\n`,
  )
}

/** Checks an entry. Its name becomes a file name and its path part of an address, so neither may lead elsewhere. */
function isLockedFile(value: unknown): value is LockfileEntry {
  if (typeof value !== 'object' || value === null) return false
  const { name, path, size, sha256, version } = value as Partial<Record<keyof LockedFile, unknown>>
  return (
    typeof name === 'string' &&
    /^[A-Za-z0-9][A-Za-z0-9.+~:_%-]*$/.test(name) &&
    typeof path === 'string' &&
    !path.split('/').includes('..') &&
    typeof version === 'string' &&
    Number.isSafeInteger(size) &&
    isDigest(sha256)
  )
}

/**
 * The digest of what a lockfile is resolved from. Lockfiles contain it and are in version control, so the texts that it
 * covers must never change: `file SHA-256` or `executable SHA-256` for a file, `absent` for a missing input.
 */
export const requestDigest = (parts: readonly Part[]): Digest =>
  digestOf(parts.flatMap((part) => [part.name, canonicalJson(requestText(part))]))

function requestText(part: Part): Json {
  if (part.kind !== 'file') return contentOf(part) ?? 'absent'
  return part.digest === null ? 'absent' : `${part.executable ? 'executable' : 'file'} ${part.digest}`
}
