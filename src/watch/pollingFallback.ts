import { errorCode } from '../platform/disk.ts'
import { statfsSync } from 'node:fs'

/** File systems on which others may write without this host being told, by their type (statfs(2), linux/magic.h). */
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

/** The name of the file system of a directory, if events about it cannot be trusted. */
export function remoteFileSystem(path: string): string | undefined {
  return REMOTE[statfsSync(path).type >>> 0]
}

/** Why a backend does not tell of all changes, and what helps. */
export interface Distrust {
  readonly reason: string
  readonly hint?: string
}

const SYSCTL =
  'let more be watched, as root: sysctl fs.inotify.max_user_watches=1048576 fs.inotify.max_user_instances=1024'

/** What a backend's error means for those who rely on it. */
export function distrustOf(error: unknown): Distrust {
  const code = errorCode(error)
  if (code === 'ENOSPC')
    return { reason: 'there are too few inotify watches for all directories', hint: SYSCTL }
  if (code === 'EMFILE') return { reason: 'there are too few inotify instances', hint: SYSCTL }
  return { reason: `events cannot be had: ${error instanceof Error ? error.message : String(error)}` }
}
