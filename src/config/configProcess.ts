// Runs the code of build.config.ts in a process of its own, so that it can neither block, end nor change lbuild.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as readAll } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import * as v from 'valibot'
import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import { Failure, lastLines } from '../platform/failure.ts'
import { failureSchema } from '../platform/failureData.ts'
import { findTool } from '../platform/findTool.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'
import type { Locations } from './locations.ts'

/** How to evaluate a config. */
export interface EvaluationOptions {
  /** Ends the evaluation. */
  readonly signal?: AbortSignal
  /** Whether what the config prints is shown on standard error, or only with an error. */
  readonly showsOutput?: boolean
}

/** The variable that sets how long a config may take, in seconds, and its default. */
const TIMEOUT_VARIABLE = 'LBUILD_CONFIG_TIMEOUT'
const DEFAULT_TIMEOUT = 60

/** The file descriptor on which `lbuild check-config --answer` reports to its parent. */
export const ANSWER_FD = 3

const Answer = v.variant('ok', [
  v.object({ ok: v.literal(true), mirrors: v.exactOptional(v.array(v.array(v.string()))) }),
  v.object({ ok: v.literal(false), exitCode: v.number(), failure: failureSchema }),
])

/**
 * Runs `lbuild check-config`, which leaves the graph in the cache. Throws a Failure (exit code 2) if the config cannot be
 * loaded, if it ends its process, or if it does not finish in time.
 */
export async function evaluateInChild(locations: Locations, options: EvaluationOptions): Promise<void> {
  await askChild(locations, [], '', options)
}

/** The mirrors of some files of a lockfile. */
export interface MirrorRequest {
  readonly bundle: string
  readonly lockfile: string
  readonly params: Readonly<Record<string, Json>>
  readonly files: readonly LockedFile[]
}

/**
 * Asks a lockfile's declaration for the mirrors of each file, in the order of the files. Throws a Failure (exit code 2) as
 * {@link evaluateInChild} does.
 */
export async function mirrorsInChild(
  locations: Locations,
  request: MirrorRequest,
  options: EvaluationOptions,
): Promise<readonly (readonly string[])[]> {
  const { mirrors = [] } = await askChild(locations, ['--mirrors'], JSON.stringify(request), options)
  return mirrors
}

/** Runs `lbuild check-config` and resolves with its answer. */
async function askChild(
  { home, root }: Locations,
  args: readonly string[],
  input: string,
  { signal, showsOutput = true }: EvaluationOptions,
): Promise<Extract<v.InferOutput<typeof Answer>, { ok: true }>> {
  const seconds = timeLimit()
  const starter = `${home}/src/starter.cjs`
  const command = [process.execPath, starter, 'check-config', '--answer', ...args, '-C', root]
  const output = showsOutput ? 2 : 'pipe'
  const setpriv = findTool('setpriv')
  const [program, words] = setpriv
    ? withParentDeathSignal(setpriv, command)
    : ([process.execPath, command.slice(1)] as const)
  const child = spawn(program, words, {
    detached: true,
    stdio: ['pipe', output, output, 'pipe'],
    ...(signal ? { signal } : {}),
    timeout: seconds * 1000,
    killSignal: 'SIGKILL',
  })
  const closed = once(child, 'close')
  // A child that has ended does not read its input.
  child.stdin?.on('error', () => {}).end(input)
  const [stdout, stderr, answer] = await Promise.all([
    child.stdout ? readAll(child.stdout) : '',
    child.stderr ? readAll(child.stderr) : '',
    readAll(child.stdio[ANSWER_FD] as Readable),
    closed,
  ])
  const parsed = parseAnswer(answer)
  if (parsed?.ok) return parsed
  const tail = lastLines(`${stdout}${stderr}`)
  throw parsed
    ? new Failure(parsed.failure.headline, { ...parsed.failure, exitCode: parsed.exitCode })
    : child.killed
      ? lateFailure(seconds, tail)
      : endedFailure(child.signalCode ?? `exit code ${child.exitCode}`, tail)
}

/** Parses the answer of the child; undefined if it gave none. */
function parseAnswer(text: string): v.InferOutput<typeof Answer> | undefined {
  try {
    return v.parse(Answer, JSON.parse(text))
  } catch {
    return undefined
  }
}

const lateFailure = (seconds: number, tail: string): Failure =>
  new Failure(`build.config.ts did not finish within ${seconds} s`, {
    hint: `make it faster, or set ${TIMEOUT_VARIABLE} to a larger number of seconds`,
    exitCode: 2,
    tail,
  })

const endedFailure = (ended: string, tail: string): Failure =>
  new Failure('build.config.ts ended its process before it was evaluated', {
    facts: [['ended with', ended]],
    hint: 'remove the call that ends the process, such as process.exit, from the config and what it imports',
    exitCode: 2,
    tail,
  })

function timeLimit(): number {
  const text = process.env[TIMEOUT_VARIABLE] ?? `${DEFAULT_TIMEOUT}`
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text)
  throw new Failure(`${TIMEOUT_VARIABLE} is not a number of seconds`, {
    facts: [['value', text]],
    hint: `set it to a whole number from 1 to 999999, or unset it for ${DEFAULT_TIMEOUT}`,
    exitCode: 2,
  })
}
