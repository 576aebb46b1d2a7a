// Writes the trace of a build to a file.
import { dirname, resolve } from 'node:path'
import { toRawPath } from '../../platform/rawPath.ts'
import type { Disk } from '../../platform/disk.ts'
import { errorCode, replaceFile } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import type { LoggedBuild } from '../../events/loggedBuild.ts'
import { traceOf } from './trace.ts'

/** Throws a Failure (exit code 2) if a trace cannot be written to a path. A build checks this before it starts. */
export function checkTraceFile(disk: Disk, file: string): void {
  const path = resolve(file)
  const fail = (problem: string, at: string): never => {
    throw new Failure(`cannot write the trace: ${problem}`, {
      facts: [['path', at]],
      hint: 'name a file in an existing directory',
      exitCode: 2,
    })
  }
  if (!isDirectory(disk, dirname(path))) fail('no such directory', dirname(path))
  const found = disk.lstat(toRawPath(path))
  if (found && found.type !== 'file') fail(`the path is a ${found.type}, not a file`, path)
}

function isDirectory(disk: Disk, path: string): boolean {
  try {
    return disk.lstat(disk.realpath(toRawPath(path)))?.type === 'directory'
  } catch (error) {
    if (errorCode(error) === '') throw error
    return false
  }
}

/** Writes the trace of a build to a file atomically. The trace of a build that did nothing is empty. */
export function writeTrace(disk: Disk, file: string, build: LoggedBuild | undefined): void {
  const trace = build ? traceOf(build) : { traceEvents: [], displayTimeUnit: 'ms', otherData: {} }
  replaceFile(disk, toRawPath(resolve(file)), `${JSON.stringify(trace)}\n`)
}
