// Declares lockfiles, which pin downloads.
import type { Declared, Params, Run } from './artifact.ts'
import type { DownloadsInput, Inputs } from './inputs.ts'
import type { Param } from './params.ts'

/** One download that a lockfile pins: any mirror may serve it, and its SHA-256 identifies it. */
export interface LockedFile {
  /** The name of the file in the producer's input directory. */
  readonly name: string
  /** The package and its version, shown to people. */
  readonly package: string
  readonly version: string
  /** The path of the file, relative to a mirror: `pool/main/b/bash.tar`. */
  readonly path: string
  /** In bytes. */
  readonly size: number
  /** The SHA-256, as 64 hexadecimal digits. */
  readonly sha256: string
}

/** Everything that a resolver gets. All paths are absolute, and valid only while the resolver runs. */
export interface ResolveContext<I extends Inputs, P extends Params, T extends string> {
  /** The path of each input, read-only. */
  readonly inputs: { readonly [K in keyof I]: string }
  /** The value of each param. */
  readonly params: { readonly [K in keyof P]: P[K] extends Param<infer V> ? V : never }
  /** Runs a declared tool. */
  readonly run: Run<T>
  /** A directory that stays after a failure, for files to inspect. */
  readonly work: string
  /** A fast directory for temporary files. */
  readonly scratch: string
  /** Writes one line to the log. */
  readonly log: (line: string) => void
  /** The current files of the lockfile, empty in an update. A resolver keeps these versions. */
  readonly previous: readonly LockedFile[]
}

export interface LockfileDeclaration<I extends Inputs, P extends Params, T extends string> {
  /** The path of the lockfile in the workspace. */
  readonly path: string
  /** Files that say what to resolve. A changed input makes the lockfile outdated. */
  readonly inputs: I
  readonly params?: P
  /** Params that choose a mirror. They do not make the lockfile outdated. */
  readonly mirrorParams?: readonly (keyof P & string)[]
  /** Absolute paths of the host that the resolver may read, such as the settings of a package manager. */
  readonly hostFiles?: readonly string[]
  /** Names of the host's tools that the resolver runs. */
  readonly tools: readonly T[]
  /** Resolves the request to exact files. Has network access. */
  resolve(context: ResolveContext<I, P, T>): Promise<readonly LockedFile[]>
  /** The base addresses to download a file from, best first; the path of the file is appended. Runs on the host. */
  mirrors(
    params: { readonly [K in keyof P]: P[K] extends Param<infer V> ? V : never },
    file: LockedFile,
  ): readonly string[]
}

export interface AnyLockfileDeclaration {
  readonly path: string
  readonly inputs: Inputs
  readonly params?: Params
  readonly mirrorParams?: readonly string[]
  readonly hostFiles?: readonly string[]
  readonly tools: readonly string[]
  resolve(context: unknown): Promise<readonly LockedFile[]>
  mirrors(params: unknown, file: LockedFile): readonly string[]
}

/** The handle of a lockfile, to list in the config and to take its downloads as an input. */
export interface Lockfile {
  readonly name: string
  /** All pinned files as an input: a directory that contains them. */
  downloads(): DownloadsInput
}

const LOCKFILE = Symbol.for('lbuild.lockfile')

/** Declares a lockfile: a file of the workspace that pins downloads by version and SHA-256. */
export function lockfile<
  I extends Inputs,
  P extends Params = Record<never, never>,
  const T extends string = never,
>(name: string, declaration: LockfileDeclaration<I, P, T>): Lockfile {
  const declared: Declared<LockfileDeclaration<I, P, T>> = {
    name,
    declaration,
    stack: new Error().stack ?? '',
  }
  return Object.freeze({
    name,
    downloads: (): DownloadsInput => ({ kind: 'downloads', lock: name }),
    [LOCKFILE]: declared,
  })
}

/** The declaration behind a handle, or undefined when the value is not a lockfile. */
export function declaredLockfile(value: unknown): Declared<AnyLockfileDeclaration> | undefined {
  return (value as { [LOCKFILE]?: Declared<AnyLockfileDeclaration> } | null | undefined)?.[LOCKFILE]
}
