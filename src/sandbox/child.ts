import { readFileSync, writeFileSync } from 'node:fs'
import type { Run } from '../api/artifact.ts'
import { evaluateConfig } from '../config/evaluate.ts'
import type { FailureData } from '../events/events.ts'
import { sha256 } from '../platform/digest.ts'
import { Failure, lastLines } from '../platform/failure.ts'
import { toolVersion } from '../platform/version.ts'
import type { ProducerRequest, ProducerResult } from './request.ts'

/**
 * Ends with lbuild: the other end of our standard input is lbuild's, in whatever way it dies. The sandbox ends with it,
 * too, but not in the moment before it has asked for that, and there may be none.
 */
function endWithParent(): void {
  process.stdin.on('end', () => process.kill(0, 'SIGKILL'))
  process.stdin.resume()
}

/** The process in which one producer runs: reads its request, runs, leaves a result. */
async function main(requestPath: string): Promise<void> {
  process.umask(0o022)
  const request = JSON.parse(readFileSync(requestPath, 'utf8')) as ProducerRequest
  let result: ProducerResult
  try {
    result = await perform(request)
  } catch (error) {
    result = { ok: false, failure: failureData(error) }
  }
  writeFileSync(request.result, JSON.stringify(result))
}

async function perform(request: ProducerRequest): Promise<ProducerResult> {
  checkBundle(request.bundle)
  const config = await evaluateConfig(request.bundle)
  const { inputs, outputs, params, work, scratch, epoch, task } = request
  const log = (line: string): void => void process.stdout.write(`${line}\n`)
  const running: Running = new Set()
  const context = { inputs, outputs, params, work, scratch, epoch, log, run: runner(request, running) }
  if (task.kind === 'resolve') {
    const { declaration } = config.lockfiles.get(task.lock)!
    const files = await declaration.resolve({ ...context, previous: task.previous })
    checkEnded(running)
    return { ok: true, files }
  }
  const { declaration } = config.artifacts.get(task.artifact)!
  await declaration.produce(context)
  checkEnded(running)
  await declaration.verify?.(context)
  checkEnded(running)
  return { ok: true, versions: await versionsOf(task.ask, request.tools) }
}

/** Asks tools for their versions: here, where they are confined. */
async function versionsOf(
  names: readonly string[],
  tools: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const versions = await Promise.all(
    names.map(async (name) => {
      const version = await toolVersion(tools[name]!)
      return version === undefined ? [] : [[name, version] as const]
    }),
  )
  return Object.fromEntries(versions.flat())
}

/** The compiled code of the config is named by its digest: what a bad disk made of it must not run. */
function checkBundle(path: string): void {
  if (path.endsWith(`/${sha256(readFileSync(path))}.mjs`)) return
  throw new Failure('the compiled code of build.config.ts is damaged', {
    hint: 'run the same command again: it will be compiled',
  })
}

/** The tools that have not ended. */
type Running = Set<{ readonly tool: string }>

/** A tool that still runs may be in the middle of an output, and ends with this process. */
function checkEnded([first]: Running): void {
  if (first === undefined) return
  throw new Failure(`the producer ended while '${first.tool}' still ran`, {
    hint: 'await every run(…), so that outputs are whole and failures are seen',
  })
}

function runner(request: ProducerRequest, running: Running): Run {
  const runTool = toolRunner(request)
  return async (...call) => {
    const own = { tool: call[0] }
    running.add(own)
    try {
      return await runTool(...call)
    } finally {
      running.delete(own)
    }
  }
}

function toolRunner(request: ProducerRequest): Run {
  return async (tool, args, options = {}) => {
    const path = Object.hasOwn(request.tools, tool) ? request.tools[tool] : undefined
    if (path === undefined)
      throw new Failure(`the producer runs the tool '${tool}', which is not declared`, {
        hint: `add it to the declaration: tools: [ …, '${tool}' ]`,
      })
    const { execa } = await import('execa')
    process.stdout.write(`+ ${[tool, ...args].join(' ')}\n`)
    const child = execa(path, args, {
      cwd: options.cwd ?? request.work,
      env: { ...process.env, ...options.env },
      extendEnv: false,
      ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
      reject: false,
      stripFinalNewline: false,
      argv0: tool,
    })
    child.stderr?.pipe(process.stderr, { end: false })
    const { stdout, stderr, exitCode, signal, failed, shortMessage } = await child
    if (!failed) return { stdout, stderr }
    const ended = signal === undefined ? `exit code ${exitCode ?? shortMessage}` : `signal ${signal}`
    throw new Failure(`${tool} failed`, {
      facts: [
        ['command', [tool, ...args].join(' ')],
        ['ended with', ended],
      ],
      tail: lastLines(stderr.trim() === '' ? stdout : stderr),
    })
  }
}

/** As that of `report.ts`; an error of a library's own class has its parts, and of any other the stack is of interest. */
function failureData(error: unknown): FailureData {
  if (!(error instanceof Error)) return { headline: String(error), facts: [] }
  const { headline, facts, hint, tail } = error as Partial<Failure>
  return {
    headline: headline ?? error.message,
    facts: facts ?? [],
    ...(hint === undefined ? {} : { hint }),
    ...(tail === undefined
      ? headline === undefined && error.stack
        ? { tail: stackOf(error.stack) }
        : {}
      : { tail }),
  }
}

/** A stack without the frames that led to the producer, which are of lbuild and of Node. */
const stackOf = (stack: string): string =>
  stack
    .split('\n')
    .filter(
      (line) =>
        !/^\s+at /.test(line) || !(line.includes(import.meta.url) || line.includes('(node:internal/')),
    )
    .join('\n')

endWithParent()
await main(process.argv[2]!)
// What a producer left running, such as a timer, must not keep the process.
process.exit()
