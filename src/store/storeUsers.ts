// The workspaces that use a store, so that its garbage collection spares what any of them needs.
import { chmodSync, chownSync } from 'node:fs'
import type { FileKind } from '../platform/checksummedFile.ts'
import { readChecksummed, writeChecksummed } from '../platform/checksummedFile.ts'
import type { Digest } from '../platform/digest.ts'
import { isDigest, sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { isObject } from '../platform/json.ts'
import { listCacheDirectory, makeCacheDirectory } from '../platform/quarantine.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { display, nativePath, toRawPath } from '../platform/rawPath.ts'
import { LatestRecords } from './latestRecords.ts'
import { RECORD_KIND } from './records.ts'

/** What a workspace needs of a store. */
export interface StoreUser {
  /** The directory of the workspace. */
  readonly root: string
  /** The artifacts that it declares. */
  readonly artifacts: readonly string[]
  /** The downloads that its lockfiles pin. */
  readonly downloads: readonly Digest[]
  /** The kind of the records that its lbuild reads and writes. */
  readonly records: string
}

/** A registered workspace that still exists. */
export interface LivingUser extends StoreUser {
  /** The directory with its own files, such as the event log. */
  readonly cache: RawPath
  /** The key of the record of an artifact that it published last, if it still declares the artifact. */
  published(artifact: string): Digest | undefined
}

/** The users of a store. */
export interface StoreUsers {
  readonly living: readonly LivingUser[]
  /** The directories of workspaces that no longer exist. */
  readonly vanished: readonly RawPath[]
}

const KIND: FileKind = 'workspace 1'

/** The directory for the own files of a workspace in a store that it shares with others. */
export const cacheInStore = (store: string, root: string): string =>
  `${store}/workspaces/${sha256(root).slice(0, 16)}`

const fileIn = (cache: RawPath): RawPath => `${cache}/workspace.json`

/**
 * Creates the directory for the own files of a workspace in a shared store. Unlike the store, it belongs to the user alone and
 * passes no group on, because a producer would see the group of the files that it creates.
 */
export function makeCacheInStore(disk: Disk, store: string, cache: string): void {
  const path = toRawPath(cache)
  if (disk.lstat(path)) return
  makeCacheDirectory(disk, toRawPath(store), path, new Set())
  chownSync(nativePath(path), process.geteuid?.() ?? -1, process.getegid?.() ?? -1)
  chmodSync(nativePath(path), 0o755)
}

/** Registers what a workspace needs, if that changed. Only the holder of its lock may call it. */
export function registerUser(disk: Disk, cache: string, user: Omit<StoreUser, 'records'>): void {
  const path = fileIn(toRawPath(cache))
  const next: StoreUser = { ...user, records: RECORD_KIND }
  const found = readChecksummed(disk, path, KIND)
  if (typeof found !== 'string' && JSON.stringify(found.value) === JSON.stringify(next)) return
  writeChecksummed(disk, path, KIND, next)
}

/**
 * The users of a store. Throws a Failure if what one of them needs cannot be read, because then nothing may be removed.
 */
export function storeUsers(disk: Disk, store: string): StoreUsers {
  const base = toRawPath(store)
  const directories = listCacheDirectory(disk, `${base}/workspaces`).toSorted()
  const living: LivingUser[] = []
  const vanished: RawPath[] = []
  // A workspace whose own cache is this store has its files in the store itself.
  for (const cache of [base, ...directories.map((name) => `${base}/workspaces/${name}`)]) {
    const user = readUser(disk, cache)
    if (!user) continue
    if (exists(disk, `${toRawPath(user.root)}/build.config.ts`)) living.push(livingUser(disk, cache, user))
    else if (cache !== base) vanished.push(cache)
  }
  return { living, vanished }
}

function readUser(disk: Disk, cache: RawPath): StoreUser | undefined {
  const found = unlessForbidden(cache, () => readChecksummed(disk, fileIn(cache), KIND))
  if (typeof found !== 'string' && isUser(found.value)) return found.value
  if (found === 'absent' && !disk.lstat(fileIn(cache))) return undefined
  throw unreadable(fileIn(cache))
}

function livingUser(disk: Disk, cache: RawPath, user: StoreUser): LivingUser {
  const latest = new LatestRecords(disk, `${cache}/records`)
  const declared = new Set(user.artifacts)
  return {
    ...user,
    cache,
    published(artifact) {
      if (!declared.has(artifact)) return undefined
      const key = unlessForbidden(cache, () => latest.key(artifact))
      return isDigest(key) ? key : undefined
    },
  }
}

/** Whether a path exists; true if this user may not look. */
function exists(disk: Disk, path: RawPath): boolean {
  try {
    return disk.lstat(path) !== undefined
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error))) throw error
    return true
  }
}

function unlessForbidden<T>(cache: RawPath, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (errorCode(error) !== 'EACCES') throw error
    throw unreadable(cache)
  }
}

const unreadable = (path: RawPath): Failure =>
  new Failure('cannot read what another workspace needs of the store', {
    facts: [['path', display(path)]],
    hint: 'let its user build there again and allow others to read it, or remove it if that workspace is no longer used',
  })

const isUser = (value: unknown): value is StoreUser =>
  isObject(value) &&
  typeof value['root'] === 'string' &&
  typeof value['records'] === 'string' &&
  Array.isArray(value['artifacts']) &&
  value['artifacts'].every((name) => typeof name === 'string') &&
  Array.isArray(value['downloads']) &&
  value['downloads'].every(isDigest)
