// The artifacts that a build can start now, in the order of the graph.
import type { Graph } from '../graph/graph.ts'
import { IncrementalPlan } from '../planner/incrementalPlan.ts'
import type { Plan, Planned, PlannerFacts } from '../planner/domain.ts'
import type { Runnable } from './runningProducer.ts'
import { isRunnable } from './runningProducer.ts'

/** Updates the plan while artifacts finish, and hands out the artifacts that can run or be restored. */
export class WorkQueue {
  readonly #plan: IncrementalPlan
  readonly #names: readonly string[]
  readonly #positions: ReadonlyMap<string, number>
  /** Positions in the graph, ascending. The verdict on some may have changed since; `take` checks each again. */
  readonly #restorable: number[] = []
  readonly #runnable: number[] = []

  /** `first` was made from `facts`, which may change while the queue is in use. */
  constructor(graph: Graph, facts: PlannerFacts, first: Plan) {
    this.#plan = new IncrementalPlan(graph, facts, first)
    this.#names = first.map(({ node }) => node.name)
    this.#positions = new Map(this.#names.map((name, position) => [name, position]))
    for (const planned of first) this.#add(planned)
  }

  /**
   * Removes the first artifact that can be started, and returns it; undefined if there is none. Without `mayRun`
   * only artifacts to restore are considered.
   */
  take(mayRun: boolean): Runnable | undefined {
    for (;;) {
      const [restorable = Infinity] = this.#restorable
      const [runnable = Infinity] = mayRun ? this.#runnable : []
      const queue = restorable < runnable ? this.#restorable : this.#runnable
      const position = Math.min(restorable, runnable)
      if (position === Infinity) return undefined
      queue.shift()
      const planned = this.current(this.#names[position] ?? '')
      if (planned && isRunnable(planned) && this.#queueOf(planned) === queue) return planned
      if (planned) this.#add(planned)
    }
  }

  /** Plans again after an artifact was built or restored, and adds the artifacts that can be started now. */
  update(name: string): void {
    for (const planned of this.#plan.update(name)) this.#add(planned)
  }

  /** Adds an artifact that was taken before, if it must run or be restored (again). */
  add(name: string): void {
    const planned = this.current(name)
    if (planned) this.#add(planned)
  }

  /**
   * Returns the current verdict on an artifact. Decides again if a dependency has changed. Returns undefined if the
   * artifact is not in the plan.
   */
  current(name: string): Planned | undefined {
    return this.#plan.current(name)
  }

  /** The whole current plan. */
  plan(): Plan {
    return this.#plan.whole()
  }

  #queueOf(planned: Planned): number[] | undefined {
    const { verdict } = planned.decision
    if (verdict === 'restorable') return this.#restorable
    return verdict === 'stale' && isRunnable(planned) ? this.#runnable : undefined
  }

  #add(planned: Planned): void {
    const queue = this.#queueOf(planned)
    const position = this.#positions.get(planned.node.name)
    if (queue && position !== undefined) insert(queue, position)
  }
}

/** Inserts a number into ascending numbers unless it is there. */
function insert(numbers: number[], number: number): void {
  let [low, high] = [0, numbers.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((numbers[middle] ?? Infinity) < number) low = middle + 1
    else high = middle
  }
  if (numbers[low] !== number) numbers.splice(low, 0, number)
}
