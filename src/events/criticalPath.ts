import type { LoggedBuild, Span } from './loggedBuild.ts'

/** Something that takes time and begins when all that it depends on has ended. */
export interface Step {
  readonly id: string
  readonly dependencies: readonly string[]
  /** In any unit; not negative. */
  readonly length: number
}

/** The chain of dependencies that takes longest. */
export interface CriticalPath {
  /** Each depends on the one before. */
  readonly path: readonly string[]
  readonly length: number
}

/**
 * The longest chain through dependencies, by the lengths of its steps (the critical path method): nothing can end
 * sooner, however much is done at a time. Steps stand behind what they depend on; dependencies that are not there do not
 * count. The path neither begins nor ends with a step of no length; of several longest ones it is the first. Pure.
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
  for (let id = last; id !== undefined; id = known.get(id)!.before) path.unshift(id)
  return { path, length: longest }
}

/** A step of the critical path of a build. */
export interface CriticalStep {
  readonly kind: 'artifact' | 'lock'
  readonly name: string
  readonly seconds: number
  /** When it took that time. */
  readonly spans: readonly Span[]
}

/**
 * The critical path of a build by the times that its artifacts took, from laying out the inputs to publishing or for
 * being restored, and the times for which they waited for lockfiles to be resolved and fetched.
 */
export function criticalPathOf({ artifacts, lockfiles }: LoggedBuild): readonly CriticalStep[] {
  const secondsOf = (spans: readonly Span[]): number =>
    spans.reduce((sum, { from, to }) => sum + to - from, 0) / 1000
  const steps = new Map<string, CriticalStep>()
  const waits = new Map<string, readonly string[]>()
  for (const { name, spans } of lockfiles) {
    steps.set(`lock ${name}`, { kind: 'lock', name, seconds: secondsOf(spans), spans })
    waits.set(`lock ${name}`, [])
  }
  for (const { name, dependencies, lockfiles: taken, goes } of artifacts) {
    steps.set(`artifact ${name}`, { kind: 'artifact', name, seconds: secondsOf(goes), spans: goes })
    const before = dependencies.map((other) => `artifact ${other}`)
    waits.set(`artifact ${name}`, [...taken.map((lock) => `lock ${lock}`), ...before])
  }
  const { path } = criticalPath(
    [...steps].map(([id, { seconds }]) => ({ id, dependencies: waits.get(id)!, length: seconds })),
  )
  return path.map((id) => steps.get(id)!).filter(({ seconds }) => seconds > 0)
}
