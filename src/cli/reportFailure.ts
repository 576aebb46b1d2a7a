// Reports an error that reached the top of the program.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { detectManager, missingToolsFailure } from '../debian/hostInstall.ts'
import { errorCode } from '../platform/disk.ts'
import { Failure, failureFrom } from '../platform/failure.ts'
import { MissingToolsFailure } from '../platform/missingTools.ts'
import { renderFailure } from '../platform/renderFailure.ts'
import { printJsonFailure } from './jsonFailure.ts'
import { usesColor } from './render/color.ts'

/**
 * Writes an error to standard error, and on standard output as JSON if the arguments ask for JSON. Returns the exit code.
 * `signalCode` is the exit code of the signal that interrupted the command: the error is then its consequence.
 */
export function reportFailure(
  error: unknown,
  argv: readonly string[],
  signalCode: number | undefined,
): number {
  if (signalCode !== undefined) {
    printJsonFailure(argv, new Failure('interrupted', { exitCode: signalCode }))
    return signalCode
  }
  const failure = reportedFailure(error)
  printJsonFailure(argv, failure)
  process.stderr.write(`${renderFailure(failure, usesColor(process.stderr))}\n`)
  return failure.exitCode
}

/** The Failure that a user sees for an error. */
export function reportedFailure(error: unknown): Failure {
  const known = failureFrom(error)
  return known ? withInstallHint(known) : unexpectedFailure(error)
}

/** Completes the failure for missing tools with their packages on this host. */
const withInstallHint = (failure: Failure): Failure =>
  failure instanceof MissingToolsFailure ? missingToolsFailure(failure.tools, detectManager()) : failure

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ENOSPC', 'the disk is full'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission denied'],
  ['EMFILE', 'too many open files'],
  ['EIO', 'the disk reports an error'],
])

/** The highest directory above the path of an error that does not exist; undefined if only the path itself is missing. */
function removedDirectory(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // The error of process.cwd() names no path.
  if ('syscall' in error && error.syscall === 'uv_cwd') return process.env.PWD ?? '.'
  if (!('path' in error) || typeof error.path !== 'string' || !error.path.startsWith('/')) return undefined
  const parents: string[] = []
  for (let path = dirname(error.path); path !== '/'; path = dirname(path)) parents.push(path)
  return parents.reverse().find((parent) => !existsSync(parent))
}

/** An error of the operating system, or else a bug in lbuild with its stack. */
function unexpectedFailure(error: unknown): Failure {
  const { message = String(error), stack } = error instanceof Error ? error : {}
  const code = errorCode(error)
  const removed = code === 'ENOENT' ? removedDirectory(error) : undefined
  if (removed !== undefined)
    return new Failure('a directory that lbuild uses does not exist any more', {
      facts: [['directory', removed]],
      hint: 'create it again, or run lbuild in another workspace',
    })
  if (error instanceof Error && code !== '' && 'syscall' in error)
    return new Failure(REASONS.get(code) ?? message, {
      facts: [
        ...('directory' in error ? [['full directory', String(error.directory)] as const] : []),
        ...('path' in error ? [['path', String(error.path)] as const] : []),
        ['call', `${String(error.syscall)}: ${code}`],
      ],
      hint:
        'directory' in error
          ? 'free space there and run lbuild again, or run lbuild gc with a smaller --max-size; outputs are unchanged'
          : 'correct this and run lbuild again; existing outputs are unchanged',
    })
  return new Failure(`internal error: ${message}`, {
    ...(stack === undefined ? {} : { tail: stack }),
    hint: 'report this bug in lbuild with the lines above',
  })
}
