// Declares artifacts. A declaration names the inputs, the outputs, and the function that writes the outputs.
import type { Inputs, OutputInput } from './inputs.ts'
import type { Param } from './params.ts'

export type Params = Readonly<Record<string, Param>>

/** An output that stays in the store; see {@link internal}. */
export interface InternalOutput {
  readonly internal: string
}

/** The outputs of an artifact by name. Each is one file; a string publishes it under that path in `output/`. */
export type Outputs = Readonly<Record<string, string | InternalOutput>>

/**
 * Declares an output that only other artifacts read. It stays in the store; `output/` does not show it.
 *
 * @param name the name of the file, without a directory
 * @example outputs: { tar: internal('rootfs.tar') }
 */
export const internal = (name: string): InternalOutput => ({ internal: name })

/** A tool that must have a version, or a newer one: `{ name: 'mke2fs', atLeast: '1.47.0' }`. */
export interface ToolRequirement<T extends string = string> {
  readonly name: T
  /** Numbers joined by dots. */
  readonly atLeast: string
}

/** How {@link Run} runs a tool. */
export interface RunOptions {
  /** The current directory of the tool; the work directory unless given. */
  readonly cwd?: string
  /** Variables in addition to the clean environment. */
  readonly env?: Readonly<Record<string, string>>
  /** Standard input; empty unless given. */
  readonly input?: string | Uint8Array
}

/** The output of a tool that succeeded, decoded as UTF-8. */
export interface RunResult {
  readonly stdout: string
  readonly stderr: string
}

/**
 * Runs a declared tool with a list of arguments, without a shell. Rejects with a {@link Failure} that carries the end
 * of the tool's output if the tool exits with another code than 0. Await every call, because a producer that returns
 * while a tool is running has failed.
 *
 * @example const { stdout } = await run('tar', ['-tf', inputs.tar])
 */
export type Run<T extends string = string> = (
  tool: T,
  args: readonly string[],
  options?: RunOptions,
) => Promise<RunResult>

/** The value of each param, by its name. */
export type ParamValues<P extends Params> = {
  readonly [K in keyof P]: P[K] extends Param<infer V> ? V : never
}

/** What a producer receives. All paths are absolute, and valid until the producer returns. */
export interface Context<I extends Inputs, P extends Params, T extends string, O extends Outputs> {
  /** The path of each input, which is read-only. */
  readonly inputs: { readonly [K in keyof I]: string }
  /** The value of each param. */
  readonly params: ParamValues<P>
  /** The path at which the producer must write each output, as a regular file. */
  readonly outputs: { readonly [K in keyof O]: string }
  /** Runs a declared tool. */
  readonly run: Run<T>
  /** An empty directory, which stays for inspection if the run fails. */
  readonly work: string
  /** An empty directory for large temporary files, in memory if there is enough. */
  readonly scratch: string
  /** The time for every timestamp inside an output, in seconds since 1970 (SOURCE_DATE_EPOCH). */
  readonly epoch: number
  /** Writes a line to the log of the run. */
  readonly log: (line: string) => void
}

/** What one run of a producer may use. */
export interface Limits {
  /** The time, in seconds. Default: 14400, which is 4 hours. */
  readonly seconds?: number
  /** The number of processes and threads at a time; Node.js and the sandbox have about 16. Default: 4096. */
  readonly processes?: number
  /**
   * The memory of all processes and of all files in memory (tmpfs) together, in bytes or like `8G`. Default: `32G`. The
   * limit is never above 90 % of the memory of the host.
   */
  readonly memory?: number | string
  /** The disk usage of everything that the run writes, and the size of each output. Default: `256G`. */
  readonly disk?: number | string
}

/** An artifact's declaration; see {@link artifact}. */
export interface Declaration<I extends Inputs, P extends Params, T extends string, O extends Outputs> {
  /** A short description of the artifact for help and messages. */
  readonly describe?: string
  /** Everything that the producer reads, by name. */
  readonly inputs?: I
  readonly params?: P
  /** The tools of the host that the producer runs. */
  readonly tools?: readonly (T | ToolRequirement<T>)[]
  /** The environment variables that the producer sees, by name. */
  readonly env?: readonly string[]
  readonly outputs: O
  /**
   * If true, the producer may use the network, and lbuild cannot guarantee that a second run gives the same bytes.
   * Default: false.
   */
  readonly network?: boolean
  /** What one run may use; a run that exceeds a limit fails. Default: see {@link Limits}. */
  readonly limits?: Limits
  /** Writes all outputs. The run fails if this throws: throw a {@link Failure} for an error with facts and a hint. */
  produce(context: Context<I, P, T, O>): Promise<void> | void
  /** Checks the outputs after `produce`, and throws if one is wrong; nothing of a failed run is published. */
  verify?(context: Context<I, P, T, O>): Promise<void> | void
}

/** A declared artifact: list it in the config, and take inputs of other artifacts from it. */
export interface Artifact<O extends Outputs = Outputs> {
  readonly name: string
  /** Declares one output of this artifact as an input of another. */
  output(name: keyof O & string): OutputInput
}

/** A declaration as the engine reads it from a handle. */
export interface Declared<D> {
  readonly name: string
  readonly declaration: D
  /**
   * An Error that `artifact()` creates. Its stack names the modules that declare the artifact. V8 formats a stack only
   * when someone reads it, so this costs nothing in a producer's process.
   */
  readonly site: Error
}

/** The property of a handle that holds its declaration; the distro's code sees only the handle. */
export const ARTIFACT: unique symbol = Symbol.for('lbuild.artifact')

/**
 * Declares an artifact: a producer, everything that it reads, and the files that it writes. lbuild runs the producer in
 * a sandbox, and only when its key changes: the declared inputs, params, tools and variables, and the code of the
 * module that calls `artifact` with all that it imports. The sandbox hides undeclared files, except those beside declared
 * tools, those of the host's `/usr`, `/bin`, `/sbin` and `/lib` (and `/lib64` and the like), and the few files of `/etc`
 * that programs need to start or to use the network.
 *
 * @param name the name on the command line: letters, digits, dots, dashes and underscores, and none of lbuild's commands
 * @returns a handle; nothing runs yet. Wrong declarations are reported when the config is loaded
 * @example
 * export const rootfs = artifact('rootfs', {
 *   inputs: { files: tree('files') },
 *   params: { compression: choice(['zstd', 'lz4'], 'zstd') },
 *   tools: ['mkfs.erofs'],
 *   outputs: { image: 'rootfs.erofs' },
 *   async produce({ inputs, params, outputs, run, epoch }) {
 *     await run('mkfs.erofs', [`-z${params.compression}`, `-T${epoch}`, outputs.image, inputs.files])
 *   },
 * })
 */
export function artifact<
  const O extends Outputs,
  I extends Inputs = Record<never, never>,
  P extends Params = Record<never, never>,
  const T extends string = never,
>(name: string, declaration: Declaration<I, P, T, O>): Artifact<O> {
  const declared: Declared<Declaration<I, P, T, O>> = { name, declaration, site: new Error() }
  return Object.freeze({
    name,
    output: (output: keyof O & string): OutputInput => ({ kind: 'output', artifact: name, output }),
    [ARTIFACT]: declared,
  })
}
