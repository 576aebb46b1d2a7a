// The modules of a config's code, and which of them belong to a producer.
import type { Digest } from '../platform/digest.ts'
import { digestOf } from '../platform/digest.ts'
import { API } from './moduleLabels.ts'

/** One module of the distro's code, or of a library that it imports. */
export interface Module {
  /** The name of the module. It is the same on every machine, because keys contain it. */
  readonly label: string
  readonly path: string
  readonly digest: Digest
  /** Labels of the modules that it imports. */
  readonly imports: readonly string[]
  /**
   * How esbuild links the module: the type that its package.json states, and the module that each import resolves to. Two
   * modules of the same bytes mean different things if this differs.
   */
  readonly links: Digest
}

/** The modules of a bundle by label, and the compiler that made it. */
export interface Code {
  readonly modules: ReadonlyMap<string, Module>
  /** The name and version of the compiler: part of every code digest. */
  readonly compiler: string
}

/**
 * Returns the start modules and every module that they import, directly or indirectly, sorted by label. Does not follow
 * an import of a module that exports only artifacts and lockfiles (`isDeclaration`): a producer gets those as inputs, not
 * as code.
 */
export function reachable(
  modules: ReadonlyMap<string, Module>,
  start: readonly string[],
  isDeclaration: (label: string) => boolean,
): readonly Module[] {
  const reached = new Map<string, Module>()
  const visit = (label: string): void => {
    const module = modules.get(label)
    if (!module || reached.has(label) || label.startsWith(API)) return
    reached.set(label, module)
    for (const target of module.imports) if (!isDeclaration(target)) visit(target)
  }
  for (const label of start) visit(label)
  return [...reached.values()].sort((a, b) => (a.label < b.label ? -1 : 1))
}

/** The digest of the code of some modules. */
export const codeDigest = (modules: readonly Module[], compiler: string): Digest =>
  digestOf([compiler, ...modules.flatMap(({ label, digest, links }) => [label, digest, links])])
