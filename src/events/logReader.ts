// Reads an event log, as far as it is intact.
import type { RawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import type { ReadLog } from './logFormat.ts'
import { logFormat } from './logFormat.ts'

/** The size limit of a log, in bytes. A larger file is not read. */
const LARGEST = 2 ** 26

const UNREADABLE: ReadLog = { lines: [], complete: false }

/** Reads a log as far as it is intact. Never throws because of its content, or because it is missing or not a file. */
export async function readLog(disk: Disk, path: RawPath): Promise<ReadLog> {
  const { parseLog } = await logFormat()
  try {
    const stat = disk.lstat(path)
    if (stat?.type !== 'file' || stat.size > LARGEST) return UNREADABLE
    return parseLog(disk.readFile(path).toString())
  } catch (error) {
    if (errorCode(error) === '') throw error
    return UNREADABLE
  }
}
