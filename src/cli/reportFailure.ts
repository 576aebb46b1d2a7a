import { detectManager, missingToolsFailure } from '../debian/install.ts'
import { Failure, failureFrom } from '../platform/failure.ts'
import { MissingToolsFailure } from '../platform/missingTools.ts'
import { renderFailure } from '../platform/renderFailure.ts'
import { usesColor } from './render/format.ts'

/** Tells what went wrong on standard error, and gives the exit code. */
export function reportFailure(error: unknown): number {
  const known = failureFrom(error)
  const failure = known ? withHint(known) : systemFailure(error)
  process.stderr.write(`${renderFailure(failure, usesColor(process.stderr))}\n`)
  return failure.exitCode
}

const withHint = (failure: Failure): Failure =>
  failure instanceof MissingToolsFailure ? missingToolsFailure(failure.tools, detectManager()) : failure

/** Errors of the operating system in its own words; anything else is a mistake of ours and says where. */
function systemFailure(error: unknown): Failure {
  const { code, path, message, stack, syscall } = error as NodeJS.ErrnoException
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EROFS: 'the file system is read-only',
    EACCES: 'permission denied',
    EMFILE: 'too many open files',
    EIO: 'the disk reports an error',
  }
  if (code !== undefined && syscall !== undefined)
    return new Failure(reasons[code] ?? message, {
      facts: [...(path === undefined ? [] : [['path', path] as const]), ['call', `${syscall}: ${code}`]],
      hint: 'what was built before is untouched; mend this and run again',
    })
  return new Failure(`lbuild itself failed: ${message ?? String(error)}`, {
    ...(stack === undefined ? {} : { tail: stack }),
    hint: 'this is a bug in lbuild: please report it with the lines above',
  })
}
