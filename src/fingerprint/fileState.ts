// Decides whether the state of a file on disk proves that its content is unchanged.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk, Stat } from '../platform/disk.ts'
import { parent } from '../platform/disk.ts'

const MILLISECOND = 1_000_000n
const SECOND = 1_000_000_000n

/**
 * How far the clock that stamps files may lag behind, in nanoseconds: the kernel advances it in steps of up to 10 ms
 * (CONFIG_HZ=100).
 */
export const CLOCK_STEP = 20n * MILLISECOND

/**
 * The coarsest steps in which a file system stores times, in nanoseconds: 2 s on FAT; 1 s on ext3, on ext4 with inodes of
 * 128 bytes, on HFS+, and on servers of NFS or SSH that store these.
 */
const COARSE_STEP = 2n * SECOND

/** exFAT stores times in steps of 10 ms, in nanoseconds. */
const EXFAT_STEP = 10n * MILLISECOND

/** A file's state as one comparable text. Without the device number, which may change with a reboot. */
export const signatureOf = (stat: Stat): string => `${stat.ino}.${stat.size}.${stat.mtimeNs}.${stat.ctimeNs}`

/** Whether a file changed so shortly before `at`, or later, that another change could get the same times. */
export function isYoung({ ctimeNs, mtimeNs }: Stat, at: bigint): boolean {
  // Times in whole seconds are coarse. On other file systems, that happens once in a billion changes.
  const settlesAfter = CLOCK_STEP + (ctimeNs % SECOND === 0n ? COARSE_STEP : 0n)
  return ctimeNs + settlesAfter > at || mtimeNs + settlesAfter > at
}

/**
 * Returns true if the content of a file may change after `readAt` while its state stays the same. `stat` is its state
 * when it was read, `readAt` the time before that, in nanoseconds since 1970. Such a file is read again next time, as
 * git does with "racily clean" entries (Documentation/technical/racy-git.txt). There are two causes:
 * - The file changed recently ({@link isYoung}).
 * - Its file system stores no change time, so `cp -p` or `touch -d` can set all times back, or a new image of the file
 *   system can contain them. FAT, exFAT, SFTP, SquashFS and EROFS are such; Linux shows the modification time instead.
 */
export function isRacy(disk: Disk, path: RawPath, stat: Stat, readAt: bigint): boolean {
  if (isYoung(stat, readAt)) return true
  const mayLackChangeTime = stat.ctimeNs === stat.mtimeNs && stat.ctimeNs % EXFAT_STEP === 0n
  // The target of a link may be in another file system.
  return mayLackChangeTime && !disk.hasChangeTimes(stat.type === 'symlink' ? parent(path) : path)
}

/**
 * Whether the state of a file proves that nobody wrote to it since lbuild did, and will show every later write. lbuild wrote
 * the file at `writtenAt` under a temporary name and then renamed it, which set the change time. The state is proof if the
 * modification time is still `writtenAt` and the change time is later by more than the kernel's clock may lag: a write
 * after the rename then gets another modification time. This holds on a file system with coarse times, too, because there
 * the change time is later by a whole step.
 */
export const isSettled = (stat: Stat, writtenAt: bigint): boolean =>
  stat.mtimeNs === writtenAt && stat.ctimeNs > stat.mtimeNs + CLOCK_STEP
