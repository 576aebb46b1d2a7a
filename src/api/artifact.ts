import type { Inputs, OutputInput } from './inputs.ts'
import type { Param } from './params.ts'

export type Params = Readonly<Record<string, Param>>

/** An output that is kept in the store only and not published to `output/`. */
export interface InternalOutput {
  readonly internal: string
}

/** An output is one file. A string publishes it under that path in `output/`. */
export type Outputs = Readonly<Record<string, string | InternalOutput>>

/** Declares an output that only other artifacts read, such as a tar of an intermediate tree. */
export const internal = (path: string): InternalOutput => ({ internal: path })

/** A tool that must be of a certain version, such as `{ name: 'mke2fs', atLeast: '1.47.0' }`. */
export interface ToolRequirement<T extends string = string> {
  readonly name: T
  readonly atLeast: string
}

export interface RunOptions {
  /** Where the tool runs; the work directory unless said otherwise. */
  readonly cwd?: string
  /** Variables beside the clean environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; empty unless given. */
  readonly input?: string | Uint8Array
}

export interface RunResult {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs one declared tool with an argument vector. Rejects with the tool's own words when it fails. A producer that ends
 * while a tool still runs has failed.
 */
export type Run<T extends string = string> = (
  tool: T,
  args: readonly string[],
  options?: RunOptions,
) => Promise<RunResult>

/** The value of each param, as a producer gets it. */
export type ParamValues<P extends Params> = {
  readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never
}

/** Everything that a producer gets. All paths are absolute, and valid only while the producer runs. */
export interface Context<I extends Inputs, P extends Params, T extends string, O extends Outputs> {
  /** Where each input lies, read-only. */
  readonly inputs: { readonly [K in keyof I]: string }
  /** The value of each param. */
  readonly params: ParamValues<P>
  /** Where each output is to be written. */
  readonly outputs: { readonly [K in keyof O]: string }
  /** Runs a declared tool. */
  readonly run: Run<T>
  /** A directory for what may be looked at after a failure. */
  readonly work: string
  /** A fast directory for large things that end with the run; in memory where there is enough of it. */
  readonly scratch: string
  /** The time that every timestamp inside an output is to have, in seconds since 1970 (SOURCE_DATE_EPOCH). */
  readonly epoch: number
  /** Says one line, for the log. */
  readonly log: (line: string) => void
}

export interface Declaration<I extends Inputs, P extends Params, T extends string, O extends Outputs> {
  readonly describe?: string
  readonly inputs?: I
  readonly params?: P
  /** Names of the host's tools that the producer runs. */
  readonly tools?: readonly (T | ToolRequirement<T>)[]
  /** Names of environment variables that the producer sees. */
  readonly env?: readonly string[]
  readonly outputs: O
  /** Whether the producer may use the network. */
  readonly network?: boolean
  produce(context: Context<I, P, T, O>): Promise<void> | void
  /** Throws when the outputs are not what they should be; runs before anything is kept. */
  verify?(context: Context<I, P, T, O>): Promise<void> | void
}

export interface AnyDeclaration {
  readonly describe?: string
  readonly inputs?: Inputs
  readonly params?: Params
  readonly tools?: readonly (string | ToolRequirement)[]
  readonly env?: readonly string[]
  readonly outputs: Outputs
  readonly network?: boolean
  produce(context: unknown): Promise<void> | void
  verify?(context: unknown): Promise<void> | void
}

/** What `artifact` gives: a handle to name in the config, and to take inputs from. */
export interface Artifact<O extends Outputs = Outputs> {
  readonly name: string
  /** One output of this artifact, as an input of another. */
  output(name: keyof O & string): OutputInput
}

/** What the engine knows of a handle. It hangs on a symbol, so that the distro's code sees only the handle. */
export interface Declared<D> {
  readonly name: string
  readonly declaration: D
  /** The call stack of the declaration: the modules on it are code of the producer. */
  readonly stack: string
}

const ARTIFACT = Symbol.for('lbuild.artifact')

/**
 * Declares an artifact: its inputs, params, tools, outputs and the producer that makes the outputs.
 * The producer may use only what its context holds and what its module imports: that is what its key covers.
 */
export function artifact<
  const O extends Outputs,
  I extends Inputs = Record<never, never>,
  P extends Params = Record<never, never>,
  const T extends string = never,
>(name: string, declaration: Declaration<I, P, T, O>): Artifact<O> {
  const declared: Declared<Declaration<I, P, T, O>> = { name, declaration, stack: new Error().stack ?? '' }
  return Object.freeze({
    name,
    output: (output: keyof O & string): OutputInput => ({ kind: 'output', artifact: name, output }),
    [ARTIFACT]: declared,
  })
}

/** The declaration behind a handle, or undefined when the value is no artifact. */
export function declaredArtifact(value: unknown): Declared<AnyDeclaration> | undefined {
  return (value as { [ARTIFACT]?: Declared<AnyDeclaration> } | null | undefined)?.[ARTIFACT]
}
