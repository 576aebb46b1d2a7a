// Runs the code of build.config.ts in a process of its own, so that it can neither block, end nor change lbuild.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import * as v from 'valibot'
import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import type { Graph } from '../graph/graph.ts'
import { Failure, lastLines } from '../platform/failure.ts'
import type { FailureData } from '../platform/failureData.ts'
import { failureSchema } from '../platform/failureData.ts'
import { findTool } from '../platform/findTool.ts'
import { isObject } from '../platform/json.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'
import type { Locations } from './locations.ts'
import type { Module } from './modules.ts'

/** Evaluates one config. */
export interface Evaluator {
  /** Resolves with the graph of a bundled config. Throws a Failure (exit code 2) if its code fails or does not finish. */
  graph(request: Omit<GraphRequest, 'task'>): Promise<Graph>
  /** Stops what still runs. */
  end(): void
}

/** How to evaluate a config. */
export interface EvaluationOptions {
  /** Ends the evaluation. */
  readonly signal?: AbortSignal
  /** Whether what the config prints is shown on standard error, or only with an error. */
  readonly showsOutput?: boolean
  /** A {@link ConfigProcess} unless given. */
  readonly evaluator?: Evaluator
}

/** The variable that sets how long a config may take, in seconds, and its default. */
const TIMEOUT_VARIABLE = 'LBUILD_CONFIG_TIMEOUT'
const DEFAULT_TIMEOUT = 60

/** The file descriptor on which `lbuild --evaluate-config` answers its parent. */
export const ANSWER_FD = 3

/** What the process of a config never takes from the environment of lbuild. */
const ENVIRONMENT = {
  // They decide what a date or a number looks like.
  TZ: 'UTC',
  LC_ALL: 'C.UTF-8',
  // They change how Node.js works. It takes long to read certificates, and a config has no network.
  NODE_OPTIONS: '',
  NODE_EXTRA_CA_CERTS: undefined,
}

/** Asks for the graph that a bundled config declares. */
export interface GraphRequest {
  readonly task: 'graph'
  readonly bundle: string
  readonly modules: readonly Module[]
  readonly compiler: string
}

/** Asks a lockfile's declaration for the mirrors of each file, in the order of the files. */
export interface MirrorRequest {
  readonly task: 'mirrors'
  readonly bundle: string
  readonly lockfile: string
  readonly params: Readonly<Record<string, Json>>
  readonly files: readonly LockedFile[]
}

/** Asks for the source of the functions of every declaration. */
export interface SourcesRequest {
  readonly task: 'sources'
  readonly bundle: string
}

/** A function of a declaration, as it is written in the bundle. */
export interface FunctionSource {
  readonly kind: 'artifact' | 'lockfile'
  /** The name of the artifact or lockfile. */
  readonly owner: string
  readonly member: 'produce' | 'verify' | 'resolve' | 'mirrors'
  readonly text: string
}

/** What the parent writes to standard input, as JSON. */
export type ConfigRequest = GraphRequest | MirrorRequest | SourcesRequest

/** What the child answers, as one line of JSON. */
export type Answer =
  | { readonly ok: true; readonly graph: Graph }
  | { readonly ok: true; readonly mirrors: readonly (readonly string[])[] }
  | { readonly ok: true; readonly sources: readonly FunctionSource[] }
  | { readonly ok: false; readonly exitCode: number; readonly failure: FailureData }

const SourceSchema = v.object({
  kind: v.picklist(['artifact', 'lockfile']),
  owner: v.string(),
  member: v.picklist(['produce', 'verify', 'resolve', 'mirrors']),
  text: v.string(),
})

/** The schema of {@link Answer}. A graph comes from the same program, which checked it. */
const AnswerSchema = v.variant('ok', [
  v.object({
    ok: v.literal(true),
    mirrors: v.exactOptional(v.array(v.array(v.string()))),
    sources: v.exactOptional(v.array(SourceSchema)),
    graph: v.exactOptional(v.custom<Graph>((value) => isObject(value))),
  }),
  v.object({ ok: v.literal(false), exitCode: v.number(), failure: failureSchema }),
])

/** A process that evaluates one config. It starts at once, so that it is ready when the config is compiled. */
export class ConfigProcess implements Evaluator {
  readonly #child: ChildProcess
  readonly #seconds: number
  /** Killed at the time limit. */
  #late = false
  #printed = ''
  #answer = ''

  /** Throws a Failure (exit code 2) if the time limit of the user is no number. */
  constructor({ home, root }: Locations, { signal, showsOutput = true }: EvaluationOptions) {
    this.#seconds = timeLimit()
    const command = [process.execPath, `${home}/src/starter.cjs`, '--evaluate-config']
    const setpriv = findTool('setpriv')
    const [program, words] = setpriv
      ? withParentDeathSignal(setpriv, command)
      : ([process.execPath, command.slice(1)] as const)
    const output = showsOutput ? 2 : 'pipe'
    this.#child = spawn(program, words, {
      cwd: root,
      env: { ...process.env, ...ENVIRONMENT },
      stdio: ['pipe', output, output, 'pipe'],
      // A process group of its own, so that it ends with all that it started.
      detached: true,
    })
    // A child that has ended does not read its input.
    this.#child.stdin?.on('error', () => {})
    const print = (chunk: Buffer): void => void (this.#printed += chunk.toString())
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', print)
    this.#child.stdio[ANSWER_FD]?.on('data', (chunk: Buffer) => void (this.#answer += chunk.toString()))
    signal?.addEventListener('abort', this.end, { once: true })
    this.#child.once('exit', () => signal?.removeEventListener('abort', this.end))
  }

  async graph(request: Omit<GraphRequest, 'task'>): Promise<Graph> {
    const { graph } = await this.#ask({ task: 'graph', ...request })
    if (!graph) throw new Error('the process of the config answers without a graph')
    return graph
  }

  /** Resolves with the mirrors of each file. Throws a Failure (exit code 2) as {@link graph} does. */
  async mirrors(request: Omit<MirrorRequest, 'task'>): Promise<readonly (readonly string[])[]> {
    const { mirrors = [] } = await this.#ask({ task: 'mirrors', ...request })
    return mirrors
  }

  /** Resolves with the functions of every declaration. Throws a Failure (exit code 2) as {@link graph} does. */
  async sources(request: Omit<SourcesRequest, 'task'>): Promise<readonly FunctionSource[]> {
    const { sources = [] } = await this.#ask({ task: 'sources', ...request })
    return sources
  }

  /** Kills the process and all that it started. */
  readonly end = (): void => {
    try {
      if (this.#child.pid !== undefined) process.kill(-this.#child.pid, 'SIGKILL')
    } catch {
      // The group has already ended.
    }
  }

  async #ask(request: ConfigRequest): Promise<Extract<v.InferOutput<typeof AnswerSchema>, { ok: true }>> {
    const limit = globalThis.setTimeout(() => {
      this.#late = true
      this.end()
    }, this.#seconds * 1000)
    this.#child.stdin?.end(JSON.stringify(request))
    await this.#answered().finally(() => clearTimeout(limit))
    // What the config registered for the end of its process does not run.
    this.end()
    const parsed = parseAnswer(this.#answer)
    if (parsed?.ok) return parsed
    const tail = lastLines(this.#printed)
    const { signalCode, exitCode } = this.#child
    throw parsed
      ? new Failure(parsed.failure.headline, { ...parsed.failure, exitCode: parsed.exitCode })
      : this.#late
        ? lateFailure(this.#seconds, tail)
        : endedFailure(signalCode ?? `exit code ${exitCode}`, tail)
  }

  /** Resolves when the child has written its answer, or has ended without one. */
  async #answered(): Promise<void> {
    const { stdio } = this.#child
    const line = new Promise<void>((resolve) =>
      stdio[ANSWER_FD]?.on('data', () => this.#answer.endsWith('\n') && resolve()),
    )
    const closed = once(this.#child, 'close')
    const ended = once(this.#child, 'exit').then(() => {
      this.end()
      // A process that left the group may hold a pipe open.
      return Promise.race([closed, setTimeout(DRAIN_MS, undefined, { ref: false })])
    })
    await Promise.race([line, ended])
  }
}

/** How long to wait for the output of a process that has ended, in milliseconds. */
const DRAIN_MS = 1000

/** Parses the answer of the child; undefined if it gave none. */
function parseAnswer(text: string): v.InferOutput<typeof AnswerSchema> | undefined {
  try {
    return v.parse(AnswerSchema, JSON.parse(text))
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
