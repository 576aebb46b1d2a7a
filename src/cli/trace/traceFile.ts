import { dirname, resolve } from 'node:path'
import { toBytes } from '../../platform/bytes.ts'
import type { Disk } from '../../platform/disk.ts'
import { errorCode, replaceFile } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import type { LoggedBuild } from '../../events/loggedBuild.ts'
import { traceOf } from './trace.ts'

/** Throws a Failure (exit code 2) where no trace could be written; a build asks before it begins. */
export function checkTraceFile(disk: Disk, file: string): void {
  const path = resolve(file)
  const fail = (what: string, place: string): never => {
    throw new Failure(`cannot write the trace: ${what}`, { facts: [['path', place]], exitCode: 2 })
  }
  if (!isDirectory(disk, dirname(path))) fail('there is no such directory', dirname(path))
  const found = disk.lstat(toBytes(path))
  if (found && found.type !== 'file') fail(`it is a ${found.type}, not a file`, path)
}

function isDirectory(disk: Disk, path: string): boolean {
  try {
    return disk.lstat(disk.realpath(toBytes(path)))?.type === 'directory'
  } catch (error) {
    if (errorCode(error) === '') throw error
    return false
  }
}

/** Writes the trace of a build to a file, whole or not at all; one of a build that did nothing is empty. */
export function writeTrace(disk: Disk, file: string, build: LoggedBuild | undefined): void {
  const trace = build ? traceOf(build) : { traceEvents: [], displayTimeUnit: 'ms', otherData: {} }
  replaceFile(disk, toBytes(resolve(file)), `${JSON.stringify(trace)}\n`)
}
