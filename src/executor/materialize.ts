import type { Listing, Tree } from '../fingerprint/tree.ts'
import { parseListing } from '../fingerprint/tree.ts'
import type { Bytes } from '../platform/bytes.ts'
import { display } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256, sha256Hasher } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { copySparse } from '../store/objects.ts'

/**
 * Says that something is no longer what a key says. Where an artifact was to run on it, the build takes a new look and
 * plans again; a lock that was to be resolved from it fails.
 */
export class InputChanged extends Failure {
  constructor(path: Bytes) {
    super(`${display(path)} changed while it was used`, { hint: 'run again' })
  }
}

/** The listing of a tree, which must be the one that the key is of. */
export async function listingOf(tree: Tree, digest: Digest, path: Bytes): Promise<Listing> {
  try {
    const text = await tree.listing()
    if (sha256(text) === digest) return parseListing(text)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
  }
  throw new InputChanged(path)
}

const mode = (executable: boolean): number => (executable ? 0o755 : 0o644)

/**
 * Copies one input file to where a producer sees it, checking that it is the one in the key. Its mode is 0644 or 0755
 * and its time the epoch: what is not in the key must not be seen.
 */
export function materializeFile(
  disk: Disk,
  from: Bytes,
  to: Bytes,
  item: { executable: boolean; digest: Digest },
  epoch: number,
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
  disk.utimes(to, epoch)
}

/** Copies a tree as its listing says, checking every file. */
export function materializeTree(disk: Disk, from: Bytes, to: Bytes, listing: Listing, epoch: number): void {
  const directories: Bytes[] = []
  for (const item of listing) {
    const [path, type] = item
    const target = path === '' ? to : `${to}/${path}`
    if (type === 'directory') {
      disk.mkdir(target)
      disk.chmod(target, 0o755)
      directories.push(target)
    } else if (type === 'symlink') {
      disk.symlink(item[2], target)
      disk.utimes(target, epoch)
    } else {
      materializeFile(
        disk,
        `${from}/${path}`,
        target,
        { executable: type === 'executable', digest: item[2] },
        epoch,
      )
    }
  }
  for (const directory of directories.reverse()) disk.utimes(directory, epoch)
}
