// The entry point of the compiled program: runs one command line.
import { COMMANDS } from '../graph/names.ts'
import { buildTargets, DEFAULT_BUILD } from './commands/buildTargets.ts'
import type { Invocation } from './invocation.ts'
import { closeLostTerminals } from './lostTerminal.ts'

/**
 * Runs one command line and sets the exit code; never throws. A call that only names targets skips the parser, so that
 * finding nothing to do costs little more than starting Node.
 */
export async function main(invocation: Invocation): Promise<void> {
  closeLostTerminals()
  const controller = new AbortController()
  const signalCode = abortOnSignals(controller, invocation.ignoredSignals)
  try {
    process.exitCode = await run({ ...invocation, signal: controller.signal }, controller.signal)
  } catch (error) {
    const { reportFailure } = await import('./reportFailure.ts')
    process.exitCode = reportFailure(error, invocation.argv, signalCode())
  }
  process.exitCode = signalCode() ?? process.exitCode
}

async function run(invocation: Invocation, signal: AbortSignal): Promise<number> {
  const { argv } = invocation
  const [word] = argv
  const onlyTargets = argv.every((one) => /^[A-Za-z0-9]/.test(one))
  if (word !== undefined && onlyTargets && !COMMANDS.includes(word))
    return buildTargets(invocation, argv, DEFAULT_BUILD, signal)
  const { runProgram } = await import('./program.ts')
  return runProgram(invocation, signal)
}

/** Exit codes of signals: 128 and the number of the signal, as shells report them. */
const SIGNALS = [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const

/**
 * The first signal lets the action clean up and end; a second one ends the process. Leaves signals alone that were ignored when
 * lbuild started. Returns a function that gives the exit code.
 */
function abortOnSignals(controller: AbortController, ignored: readonly string[]): () => number | undefined {
  let code: number | undefined
  for (const [signal, value] of SIGNALS)
    if (!ignored.includes(signal))
      process.on(signal, () => {
        if (code !== undefined) process.exit(code)
        code = value
        controller.abort()
      })
  return () => code
}
