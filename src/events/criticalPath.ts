// Computes the critical path of a build: the longest chain of dependencies by measured times.
import type { LoggedBuild, Span } from './loggedBuild.ts'

/** Something that takes time and begins when all its dependencies have ended. */
export interface Step {
  readonly id: string
  readonly dependencies: readonly string[]
  /** The duration, in any unit; not negative. */
  readonly length: number
}

/** The chain of dependencies that takes longest. */
export interface CriticalPath {
  /** The ids of its steps; each depends on the one before. */
  readonly path: readonly string[]
  readonly length: number
}

/**
 * Finds the chain of dependent steps with the longest total duration (the critical path). More jobs cannot make the build
 * shorter. Steps must come after their dependencies; unknown dependencies are ignored. The path neither begins nor ends
 * with a step of length 0. Of several longest paths it is the first. Pure.
 */
export function criticalPath(steps: readonly Step[]): CriticalPath {
  const known = new Map<string, { readonly length: number; readonly before: string | undefined }>()
  let last: string | undefined
  let longest = 0
  for (const { id, dependencies, length } of steps) {
    let before: string | undefined
    let most = 0
    for (const dependency of dependencies) {
      const chain = known.get(dependency)?.length ?? 0
      if (chain > most) [before, most] = [dependency, chain]
    }
    known.set(id, { length: most + length, before })
    if (most + length > longest) [last, longest] = [id, most + length]
  }
  const path: string[] = []
  for (let id = last; id !== undefined; id = known.get(id)?.before) path.unshift(id)
  return { path, length: longest }
}

/** A step of the critical path of a build. */
export interface CriticalStep {
  readonly kind: 'artifact' | 'lockfile'
  readonly name: string
  readonly seconds: number
  /** When it took that time. */
  readonly spans: readonly Span[]
}

/**
 * The critical path of a build. The length of an artifact is the time of its attempts, from laying out the inputs to
 * publishing; that of a lockfile is the time to resolve it and to fetch its downloads.
 */
export function criticalPathOf({ artifacts, lockfiles }: LoggedBuild): readonly CriticalStep[] {
  const steps = new Map<string, CriticalStep>()
  const dependenciesOf = new Map<string, readonly string[]>()
  const add = (
    kind: CriticalStep['kind'],
    name: string,
    spans: readonly Span[],
    dependencies: readonly string[],
  ): void => {
    const seconds = spans.reduce((sum, { from, to }) => sum + to - from, 0) / 1000
    steps.set(`${kind} ${name}`, { kind, name, seconds, spans })
    dependenciesOf.set(`${kind} ${name}`, dependencies)
  }
  for (const { name, spans } of lockfiles) add('lockfile', name, spans, [])
  for (const { name, dependencies, lockfiles: taken, attempts } of artifacts)
    add('artifact', name, attempts, [
      ...taken.map((lockfile) => `lockfile ${lockfile}`),
      ...dependencies.map((artifact) => `artifact ${artifact}`),
    ])
  const { path } = criticalPath(
    [...steps].map(([id, { seconds }]) => ({
      id,
      dependencies: dependenciesOf.get(id) ?? [],
      length: seconds,
    })),
  )
  return path.flatMap((id) => steps.get(id) ?? []).filter(({ seconds }) => seconds > 0)
}
