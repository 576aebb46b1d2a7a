import type { Declared, Params, Run } from './artifact.ts'
import type { DownloadsInput, Inputs } from './inputs.ts'
import type { Param } from './params.ts'

/** One file that a lock names: fetched from any of its addresses, and known by its SHA-256. */
export interface LockedFile {
  /** The name under which a producer finds it. */
  readonly name: string
  /** What it is a version of, for people: `bash 5.2.15-2+b2`. */
  readonly package: string
  readonly version: string
  /** Where it lies, relative to a mirror: `debian/pool/main/…`. */
  readonly path: string
  /** In bytes. */
  readonly size: number
  readonly sha256: string
}

export interface ResolveContext<I extends Inputs, P extends Params, T extends string> {
  readonly inputs: { readonly [K in keyof I]: string }
  readonly params: { readonly [K in keyof P]: P[K] extends Param<infer V> ? V : never }
  readonly run: Run<T>
  readonly work: string
  readonly scratch: string
  readonly log: (line: string) => void
  /** What the lock names now; empty when it is made anew. A resolver keeps to these versions. */
  readonly previous: readonly LockedFile[]
}

export interface LockfileDeclaration<I extends Inputs, P extends Params, T extends string> {
  /** Where the lock is kept, from the workspace's root. */
  readonly path: string
  /** What is asked for: the lock is resolved again when one of these changes. */
  readonly inputs: I
  readonly params?: P
  /** Params that say where to fetch from and not what: they do not make a lock stale. */
  readonly mirrorParams?: readonly (keyof P & string)[]
  readonly tools: readonly T[]
  /** Finds exact versions. Runs with the network. */
  resolve(context: ResolveContext<I, P, T>): Promise<readonly LockedFile[]>
  /** The base addresses to fetch from, best first; a file's path is appended. Runs on the host. */
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
  readonly tools: readonly string[]
  resolve(context: unknown): Promise<readonly LockedFile[]>
  mirrors(params: unknown, file: LockedFile): readonly string[]
}

export interface Lockfile {
  readonly name: string
  /** All files that the lock names, as an input: a directory that holds them. */
  downloads(): DownloadsInput
}

const LOCKFILE = Symbol.for('lbuild.lockfile')

/** Declares a lock: a file of the workspace that pins downloads by version and SHA-256. */
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

/** The declaration behind a handle, or undefined when the value is no lock. */
export function declaredLockfile(value: unknown): Declared<AnyLockfileDeclaration> | undefined {
  return (value as { [LOCKFILE]?: Declared<AnyLockfileDeclaration> } | null | undefined)?.[LOCKFILE]
}
