// Copies inputs to where a producer sees them, checking each against the key.
import type { Listing, Tree } from '../fingerprint/tree.ts'
import { parseListing } from '../fingerprint/tree.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { display } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256, sha256Hasher } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import type { Owner } from '../sandbox/namespaces.ts'
import { copySparse } from '../store/objects.ts'

/**
 * An input or tool no longer matches the key. A build of an artifact then takes a new snapshot and plans again. The
 * resolution of a lockfile fails.
 */
export class InputChanged extends Failure {
  constructor(path: RawPath) {
    super(`${display(path)} changed while it was in use`, { hint: 'run again' })
  }
}

/** The listing of a tree. Throws {@link InputChanged} if it no longer matches the digest in the key. */
export async function listingOf(tree: Tree | undefined, digest: Digest, path: RawPath): Promise<Listing> {
  try {
    const text = await tree?.listing()
    if (text !== undefined && sha256(text) === digest) return parseListing(text)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  throw new InputChanged(path)
}

/** What all copies of a run share. */
export interface MaterializeOptions {
  /** The time of each copy, in seconds since 1970. */
  readonly epoch: number
  /** The owner of each copy; the user who runs lbuild if it is missing. */
  readonly owner: Owner | undefined
}

const mode = (executable: boolean): number => (executable ? 0o755 : 0o644)

/**
 * Copies an input file to where a producer sees it, and checks its digest. Its mode becomes 0644 or 0755 and its time the
 * epoch, because a producer must not see what is not in the key. Throws {@link InputChanged} if the digest differs.
 */
export function materializeFile(
  disk: Disk,
  from: RawPath,
  to: RawPath,
  item: { executable: boolean; digest: Digest },
  { epoch, owner }: MaterializeOptions,
): void {
  const hasher = sha256Hasher()
  try {
    copySparse(disk, from, to, { mode: mode(item.executable), durable: false, hasher })
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes(errorCode(error))) throw new InputChanged(from)
    throw error
  }
  if (hasher.digest() !== item.digest) throw new InputChanged(from)
  disk.chmod(to, mode(item.executable))
  if (owner) disk.chown(to, owner.uid, owner.gid)
  disk.utimes(to, epoch)
}

/** Copies a tree according to its listing, and checks every file as {@link materializeFile} does. */
export function materializeTree(
  disk: Disk,
  from: RawPath,
  to: RawPath,
  listing: Listing,
  options: MaterializeOptions,
): void {
  const { epoch, owner } = options
  const directories: RawPath[] = []
  for (const item of listing) {
    const [path, type] = item
    const target = path === '' ? to : `${to}/${path}`
    if (type === 'directory') {
      disk.mkdir(target)
      disk.chmod(target, 0o755)
      if (owner) disk.chown(target, owner.uid, owner.gid)
      directories.push(target)
    } else if (type === 'symlink') {
      disk.symlink(item[2], target)
      if (owner) disk.chown(target, owner.uid, owner.gid)
      disk.utimes(target, epoch)
    } else {
      materializeFile(
        disk,
        `${from}/${path}`,
        target,
        { executable: type === 'executable', digest: item[2] },
        options,
      )
    }
  }
  for (const directory of directories.reverse()) disk.utimes(directory, epoch)
}
