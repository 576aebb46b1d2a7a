// Decides when watch must poll, and explains why.
import { statfsSync } from 'node:fs'
import { errorCode } from '../platform/disk.ts'

/** File systems whose changes by other hosts are not reported, by type (statfs(2), linux/magic.h). */
const REMOTE: Readonly<Record<number, string>> = {
  0x6969: 'NFS',
  0x517b: 'SMB',
  0xff534d42: 'CIFS',
  0xfe534d42: 'SMB2',
  0x01021997: '9p',
  0x00c36400: 'Ceph',
  0x5346414f: 'AFS',
  0x65735546: 'FUSE',
  0x786f4256: 'VirtualBox shared folders',
}

/** Returns the name of the file system of a directory if it does not report all changes, else undefined. */
export function remoteFileSystem(path: string): string | undefined {
  return REMOTE[statfsSync(path).type >>> 0]
}

/** Why watch polls, and what the user can do about it. */
export interface PollingReason {
  readonly reason: string
  readonly hint?: string
}

const SYSCTL =
  'raise the limits as root: sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024'

/** Explains the error of a backend. */
export function pollingReason(error: unknown): PollingReason {
  const code = errorCode(error)
  if (code === 'ENOSPC') return { reason: 'too few inotify watches for all directories', hint: SYSCTL }
  if (code === 'EMFILE') return { reason: 'too few inotify instances', hint: SYSCTL }
  return { reason: `cannot watch files: ${error instanceof Error ? error.message : String(error)}` }
}
