// The child process that runs one producer or resolver: reads a request, runs it, writes a result.
import { closeSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import type { Run } from '../api/artifact.ts'
import { evaluateConfig } from '../config/evaluate.ts'
import type { FailureData } from '../platform/failureData.ts'
import { boundedFailure, failureData } from '../platform/failureData.ts'
import { sha256 } from '../platform/digest.ts'
import { Failure, failureFrom, lastLines } from '../platform/failure.ts'
import type { Group } from './declaredNames.ts'
import { guarded, UndeclaredName } from './declaredNames.ts'
import type { ProducerRequest, ProducerResult } from './request.ts'
import { MAX_OUTPUT, ToolOutput } from './toolOutput.ts'

/**
 * Ends the process when lbuild ends. Standard input is a pipe from lbuild, which closes however lbuild dies. `bwrap
 * --die-with-parent` does the same, except in the moment before its prctl(2), and there may be no sandbox.
 */
function endWithParent(): void {
  process.stdin.on('end', () => process.kill(0, 'SIGKILL'))
  process.stdin.resume()
  // Otherwise it would keep this process alive when nothing else does.
  process.stdin.unref()
}

/** Two pipes lead to the log, so what both receive could change its order. Node.js itself still uses standard error. */
function useOneStream(): void {
  Object.defineProperty(process, 'stderr', { value: process.stdout })
}

/**
 * Closes the files that this process inherited and needs no more: the namespaces that nsenter(1) entered, and those that
 * the caller of lbuild left open. Node.js opens its own files with O_CLOEXEC (octal 2000000 in proc_pid_fdinfo(5)).
 */
function closeInherited(): void {
  for (const fd of readdirSync('/proc/self/fd').map(Number))
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`)
      const flags = /^flags:\s*(\d+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'))?.[1] ?? '0'
      const isInherited = (Number.parseInt(flags, 8) & 0o2000000) === 0
      if (fd > 2 && (isInherited || /^(user|mnt):/.test(target))) closeSync(fd)
    } catch {
      // The directory itself was open while it was read.
    }
}

async function main(requestPath: string): Promise<void> {
  process.umask(0o022)
  useOneStream()
  closeInherited()
  const request = JSON.parse(readFileSync(requestPath, 'utf8')) as ProducerRequest
  const write = (result: ProducerResult): void => writeFileSync(request.result, JSON.stringify(result))
  process.once('beforeExit', () => write({ ok: false, failure: failureData(NEVER_SETTLES) }))
  try {
    write(await runRequest(request))
  } catch (error) {
    write({ ok: false, failure: boundedFailure(describe(error)) })
  }
}

/** Node.js ends when no tool, timer or operation is left, even if the producer still awaits a promise. */
const NEVER_SETTLES = new Failure('the producer awaits a promise that nothing can settle', {
  hint: 'resolve or reject every promise: no tool, timer or file operation is left that could do it',
})

async function runRequest(request: ProducerRequest): Promise<ProducerResult> {
  checkBundle(request.bundle)
  const { work, scratch, epoch, task } = request
  const wanted = task.kind === 'resolve' ? task.lockfile : task.artifact
  const config = await evaluateConfig(request.bundle, (name) => name === wanted)
  const log = (line: string): void => void process.stdout.write(`${line}\n`)
  const running: Running = new Set()
  const { inputs, params, outputs } = declaredNames(request)
  const shared = { inputs, params, work, scratch, epoch, log, run: runner(request, running) }
  if (task.kind === 'resolve') {
    const declaration = declared(config.lockfiles, task.lockfile)
    const files = await declaration.resolve({ ...shared, previous: task.previous })
    checkEnded(running)
    return { ok: true, files }
  }
  const declaration = declared(config.artifacts, task.artifact)
  const context = { ...shared, outputs }
  await declaration.produce(context)
  checkEnded(running)
  await declaration.verify?.(context)
  checkEnded(running)
  return { ok: true, versions: await versionsOf(task.ask, request.tools) }
}

/** The names that the task may read; reading another one is an error. */
function declaredNames({ inputs, outputs, params, task }: ProducerRequest): Pick<ProducerRequest, Group> {
  const reader =
    task.kind === 'resolve'
      ? ({ kind: 'lockfile', name: task.lockfile } as const)
      : ({ kind: 'artifact', name: task.artifact } as const)
  return {
    inputs: guarded(inputs, 'inputs', reader),
    outputs: guarded(outputs, 'outputs', reader),
    params: guarded(params, 'params', reader),
  }
}

/** The declaration of that name. The graph was made from the same bundle, so a missing one is a bug in lbuild. */
function declared<D>(declarations: ReadonlyMap<string, { readonly declaration: D }>, name: string): D {
  const found = declarations.get(name)
  if (!found) throw new Error(`the bundle does not declare '${name}'`)
  return found.declaration
}

/** Asks tools for their versions in this process, so that they run in the sandbox as well. */
async function versionsOf(
  names: readonly string[],
  tools: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  if (names.length === 0) return {}
  const { toolVersion } = await import('../platform/toolVersion.ts')
  const versions = await Promise.all(
    names.map(async (name) => {
      const path = tools[name]
      const version = path === undefined ? undefined : await toolVersion(path)
      return version === undefined ? [] : [[name, version] as const]
    }),
  )
  return Object.fromEntries(versions.flat())
}

/** The bundle is named by its digest. Throws a Failure if a bad disk damaged it, because its code must not run then. */
function checkBundle(path: string): void {
  if (path.endsWith(`/${sha256(readFileSync(path))}.mjs`)) return
  throw new Failure('the compiled code of build.config.ts is damaged', {
    hint: 'run the same command again to compile it again',
  })
}

/** The tools that are still running. */
type Running = Set<{ readonly tool: string }>

/** A tool that still runs when the producer has finished may be in the middle of an output. */
function checkEnded([first]: Running): void {
  if (first === undefined) return
  throw new Failure(`the producer finished while '${first.tool}' was still running`, {
    hint: 'await every run(…), so that outputs are complete and errors are reported',
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

/** How much of a command line an error shows that may be too long for the kernel, in characters. */
const MAX_SHOWN = 1000

function toolRunner(request: ProducerRequest): Run {
  return async (tool, args, options = {}) => {
    const path = Object.hasOwn(request.tools, tool) ? request.tools[tool] : undefined
    if (path === undefined)
      throw new Failure(`the producer ran the undeclared tool '${tool}'`, {
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
      // execa would copy and escape all of it for the message of its error.
      buffer: false,
    })
    child.stderr?.pipe(process.stdout, { end: false })
    const outputs = [new ToolOutput(child.stdout), new ToolOutput(child.stderr)] as const
    const { exitCode, signal, failed, originalMessage } = await child
    const [stdout, stderr] = [outputs[0].text, outputs[1].text]
    const isTooMuch = outputs.some(({ isCut }) => isCut)
    if (!failed && !isTooMuch) return { stdout, stderr }
    const command = [tool, ...args].join(' ')
    if (isTooMuch)
      throw new Failure(`${tool} printed too much: more than ${MAX_OUTPUT >> 20} MiB on one stream`, {
        facts: [['command', command]],
        hint: 'make it write to a file, or print less',
      })
    if (exitCode === undefined && signal === undefined)
      throw new Failure(`${tool} could not start`, {
        facts: [
          ['command', command.length > MAX_SHOWN ? `${command.slice(0, MAX_SHOWN)}…` : command],
          ['reason', originalMessage ?? 'unknown'],
        ],
        hint: 'check that its cwd exists, and that its arguments are not too many or too long',
      })
    throw new Failure(`${tool} failed`, {
      facts: [
        ['command', command],
        ['ended with', signal === undefined ? `exit code ${exitCode}` : `signal ${signal}`],
      ],
      tail: lastLines(stderr.trim() === '' ? stdout : stderr),
    })
  }
}

/** The failure of a run. The stack of an unexpected error, or of an undeclared name, shows where in the distro's code it was thrown. */
function describe(error: unknown): FailureData {
  const data = failureData(error)
  if (!(error instanceof Error) || typeof error.stack !== 'string') return data
  const stack = stackOf(error.stack)
  if (error instanceof UndeclaredName) return { ...data, tail: stack.replace(/^[^]*?(?=^\s+at )/m, '') }
  return failureFrom(error) ? data : { ...data, tail: stack }
}

/** The name of this program in the frames of a stack; its starter sets it. */
const PROGRAM = 'lbuild/childProgram.cjs'

/** A stack without the frames of lbuild and Node that called the producer. */
const stackOf = (stack: string): string =>
  stack
    .split('\n')
    .filter((line) => !/^\s+at /.test(line) || !(line.includes(PROGRAM) || line.includes('(node:internal/')))
    .join('\n')

endWithParent()
// Whatever the producer left running, such as a timer or a handler of the exit, must not keep the process alive.
void main(process.argv[2] ?? '').then(() => {
  process.removeAllListeners('exit')
  process.exit()
})
