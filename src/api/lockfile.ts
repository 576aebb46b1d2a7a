// Declares lockfiles: files of the workspace that pin downloads by version and SHA-256.
import type { Declared, Params, ParamValues, Run } from './artifact.ts'
import type { DownloadsInput, Inputs } from './inputs.ts'

/**
 * One download that a lockfile pins. It may come from any mirror, because its SHA-256 decides whether it is the right
 * file.
 */
export interface LockedFile {
  /** The name under which a producer finds the file. */
  readonly name: string
  /** The package of which the file is a version, such as `bash`. Messages name it; a resolver may use it to keep versions. */
  readonly package: string
  /** The version, such as `5.2.15`; used like `package`. */
  readonly version: string
  /** The path of the file below a mirror's address: `pool/main/b/bash.tar`. */
  readonly path: string
  /** The size in bytes. */
  readonly size: number
  /** 64 hexadecimal digits. */
  readonly sha256: string
}

/** What `resolve` receives. All paths are absolute, and valid until it returns. */
export interface ResolveContext<I extends Inputs, P extends Params, T extends string> {
  /** The path of each input, which is read-only. */
  readonly inputs: { readonly [K in keyof I]: string }
  /** The value of each param. */
  readonly params: ParamValues<P>
  /** Runs a declared tool. */
  readonly run: Run<T>
  /** An empty directory, which stays for inspection if the run fails. */
  readonly work: string
  /** An empty directory for large temporary files, in memory if there is enough. */
  readonly scratch: string
  /** Writes a line to the log of the run. */
  readonly log: (line: string) => void
  /** The files that the lockfile pins now, whose versions to keep where possible; empty under `lbuild update`. */
  readonly previous: readonly LockedFile[]
}

/** A lockfile's declaration; see {@link lockfile}. */
export interface LockfileDeclaration<I extends Inputs, P extends Params, T extends string> {
  /** The path of the lockfile from the workspace's root. Commit the file. */
  readonly path: string
  /** Files and trees that say what to download. lbuild resolves again when one of them changes. */
  readonly inputs: I
  /** Params that say what to download. lbuild resolves again when one of them changes. */
  readonly params?: P
  /**
   * The names of the params that only say where to download from. lbuild does not resolve again when one of them changes.
   */
  readonly mirrorParams?: readonly (keyof P & string)[]
  /** Absolute paths of the host that `resolve` may read, such as the settings of a package manager. */
  readonly hostFiles?: readonly string[]
  /** The tools of the host that `resolve` runs. */
  readonly tools: readonly T[]
  /** Finds the exact files. Runs like a producer, in the sandbox, but with the network. */
  resolve(context: ResolveContext<I, P, T>): Promise<readonly LockedFile[]>
  /** The addresses to fetch a file from, best first, each without the file's `path`. Runs outside of the sandbox. */
  mirrors(params: ParamValues<P>, file: LockedFile): readonly string[]
}

/** A declared lockfile: list it in the config, and take its downloads as an input of artifacts. */
export interface Lockfile {
  readonly name: string
  /** Declares all pinned files as an input: a directory that holds each under its `name`. */
  downloads(): DownloadsInput
}

/** The property of a handle that holds its declaration. */
export const LOCKFILE: unique symbol = Symbol.for('lbuild.lockfile')

/**
 * Declares a lockfile. The first build that needs it calls `resolve` and writes the lockfile; later builds fetch what it
 * pins until its inputs or params change, or `lbuild update NAME` resolves it again.
 *
 * @param name the name for `lbuild update`, by the rules for the name of an artifact
 * @example
 * export const sources = lockfile('sources', {
 *   path: 'sources.lock',
 *   inputs: { list: file('sources.list') },
 *   tools: ['curl'],
 *   resolve: ({ inputs, run }) => findReleases(inputs.list, run),
 *   mirrors: () => ['https://downloads.example.org/'],
 * })
 */
export function lockfile<
  I extends Inputs,
  P extends Params = Record<never, never>,
  const T extends string = never,
>(name: string, declaration: LockfileDeclaration<I, P, T>): Lockfile {
  const declared: Declared<LockfileDeclaration<I, P, T>> = {
    name,
    declaration,
    site: new Error(),
  }
  return Object.freeze({
    name,
    downloads: (): DownloadsInput => ({ kind: 'downloads', lockfile: name }),
    [LOCKFILE]: declared,
  })
}
