// Keeps a plan up to date while a build runs, by deciding again only about what depends on a finished artifact.
import type { Graph } from '../graph/graph.ts'
import { dependenciesOf } from '../graph/graph.ts'
import { decide } from './plan.ts'
import type { Plan, Planned, PlannerFacts, RunRecord } from './domain.ts'

/**
 * A plan that a build updates while artifacts finish. `update` usually decides about an artifact twice: after its last
 * dependency finishes, and after it finishes itself; and again if a finished dependency changed.
 */
export class IncrementalPlan {
  readonly #graph: Graph
  readonly #facts: PlannerFacts
  /** The planned artifacts, in the order of the graph. */
  readonly #planned: Map<string, Planned>
  readonly #dependents = new Map<string, string[]>()
  /** How many dependencies of each artifact may still run. */
  readonly #unsettled = new Map<string, number>()
  /** Artifacts whose dependencies changed since they were decided about. */
  readonly #outdated = new Set<string>()

  /** `facts` may change while the plan is in use; `first` was made from them. */
  constructor(graph: Graph, facts: PlannerFacts, first: Plan) {
    this.#graph = graph
    this.#facts = facts
    this.#planned = new Map(first.map((planned) => [planned.node.name, planned]))
    for (const { node } of first) {
      const dependencies = dependenciesOf(node)
      for (const name of dependencies) this.#dependents.get(name)?.push(node.name)
      this.#dependents.set(node.name, [])
      this.#unsettled.set(node.name, dependencies.filter((name) => !this.#isSettled(name)).length)
    }
  }

  /**
   * Decides again about an artifact whose facts changed, and about all artifacts that waited only for it. Gives the new
   * decisions.
   */
  update(name: string): Plan {
    const decided: Planned[] = []
    const waiting = [name]
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const planned = this.#decide(next)
      if (planned) decided.push(planned)
      const dependents = this.#dependents.get(next) ?? []
      // Also decide again about a settled artifact whose dependency changed; otherwise its dependents use its old
      // outputs.
      const ready = dependents.filter(
        (one) => this.#outdated.has(one) && ((this.#unsettled.get(one) ?? 0) === 0 || this.#isSettled(one)),
      )
      waiting.push(...ready)
    }
    return decided
  }

  /** The decision about an artifact as its dependencies are now; undefined if the plan does not include it. */
  current(name: string): Planned | undefined {
    return this.#outdated.has(name) ? this.#decide(name) : this.#planned.get(name)
  }

  /** The current plan. */
  whole(): Plan {
    return [...this.#planned.keys()].flatMap((name) => this.current(name) ?? [])
  }

  #decide(name: string): Planned | undefined {
    const before = this.#planned.get(name)
    if (!before) return undefined
    const now = decide(before.node, this.#graph, this.#facts, this.#planned)
    const wasSettled = isSettled(before)
    this.#planned.set(name, now)
    this.#outdated.delete(name)
    if (haveSameOutputs(before, now)) return now
    const change = Number(wasSettled) - Number(isSettled(now))
    for (const dependent of this.#dependents.get(name) ?? []) {
      this.#outdated.add(dependent)
      this.#unsettled.set(dependent, (this.#unsettled.get(dependent) ?? 0) + change)
    }
    return now
  }

  #isSettled(name: string): boolean {
    const planned = this.#planned.get(name)
    return planned !== undefined && isSettled(planned)
  }
}

/** Whether the outputs of an artifact will not change any more in this build. */
const isSettled = (planned: Planned): boolean => settledRecord(planned) !== undefined

const settledRecord = ({ decision }: Planned): RunRecord | undefined =>
  decision.verdict === 'fresh' || decision.verdict === 'restorable' ? decision.record : undefined

/** Whether two decisions about an artifact promise the same outputs to its dependents. */
function haveSameOutputs(before: Planned, now: Planned): boolean {
  const outputs = (planned: Planned): unknown[] =>
    Object.entries(settledRecord(planned)?.outputs ?? {}).flatMap(([name, { sha256 }]) => [name, sha256])
  return (
    isSettled(before) === isSettled(now) && JSON.stringify(outputs(before)) === JSON.stringify(outputs(now))
  )
}
