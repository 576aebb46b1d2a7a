import { COMMANDS } from '../graph/names.ts'
import { buildCommand } from './commands/build.ts'
import type { Invocation } from './session.ts'

/**
 * Runs one command line. Sets the exit code; never throws. A call that only names targets goes straight to the build,
 * so that finding nothing to do costs little more than starting Node.
 */
export async function main(invocation: Invocation): Promise<void> {
  const controller = new AbortController()
  const stopped = interruptible(controller)
  try {
    process.exitCode = await run(invocation, controller.signal)
  } catch (error) {
    const { reportFailure } = await import('./reportFailure.ts')
    process.exitCode = stopped() ?? reportFailure(error)
  }
  process.exitCode = stopped() ?? process.exitCode
}

async function run(invocation: Invocation, signal: AbortSignal): Promise<number> {
  const { argv } = invocation
  const onlyTargets = argv.length > 0 && argv.every((word) => /^[A-Za-z0-9]/.test(word))
  if (onlyTargets && !COMMANDS.includes(argv[0]!))
    return buildCommand(invocation, argv, { set: [], wait: true }, signal)
  const { runProgram } = await import('./program.ts')
  return runProgram(invocation, signal)
}

/** The first signal stops the build in order; a second one ends the process. Gives the exit code of a signal. */
function interruptible(controller: AbortController): () => number | undefined {
  let code: number | undefined
  const codes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const
  for (const [name, value] of Object.entries(codes))
    process.on(name as NodeJS.Signals, () => {
      if (code !== undefined) process.exit(code)
      code = value
      controller.abort()
    })
  return () => code
}
