import type { Failure } from '../platform/failure.ts'
import { isFresh } from '../planner/plan.ts'
import { failureData } from '../executor/report.ts'
import type { WatchListener } from './events.ts'
import type { Burst } from './debounce.ts'
import type { Plan } from '../planner/types.ts'

/** A kind of failure that is none of an artifact. */
export type Trouble = 'config' | 'inputs' | 'build'

/** Says what happens to watch, and nothing twice that has not changed. */
export class Teller {
  readonly #listener: WatchListener
  /** What was said last of each trouble that is not over. */
  readonly #troubles = new Map<Trouble, string>()
  #idle = ''

  constructor(listener: WatchListener) {
    this.#listener = listener
  }

  /** Says everything anew from now on. */
  forget(): void {
    this.#troubles.clear()
    this.#idle = ''
  }

  /** Paths are told from the workspace's root. */
  changed(burst: Burst | undefined, root: string): void {
    if (!burst || burst.paths.length === 0) return
    const paths = burst.paths.map((path) =>
      path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path,
    )
    this.#listener({ type: 'changed', paths, more: burst.more })
  }

  trouble(what: Trouble, error: Failure): void {
    const failure = failureData(error)
    const text = JSON.stringify(failure)
    if (this.#troubles.get(what) === text) return
    this.#troubles.set(what, text)
    this.#listener({ type: 'failed', what, failure })
  }

  /** A trouble is over: the same one is told again when it comes again. */
  over(what: Trouble): void {
    this.#troubles.delete(what)
  }

  /** A build of what a plan says begins. */
  building(planned: Plan): void {
    this.#idle = ''
    const artifacts = planned.flatMap(({ node, decision }) =>
      decision.verdict === 'fresh'
        ? []
        : [{ artifact: node.name, verdict: decision.verdict, reasons: decision.reasons }],
    )
    this.#listener({ type: 'building', artifacts })
  }

  /** There is nothing to do: told after everything that happened, and where it is not what was told last. */
  idle(planned: Plan, failed: readonly string[], broken: boolean, burst: Burst | undefined): void {
    const fresh = planned.length > 0 && planned.every(isFresh)
    const text = JSON.stringify([fresh, failed, broken])
    if (text === this.#idle && (burst?.paths.length ?? 0) === 0) return
    this.#idle = text
    const artifacts = planned.map(({ node, decision, latest }) => ({
      artifact: node.name,
      verdict: decision.verdict,
      ...(latest ? { seconds: latest.seconds } : {}),
    }))
    this.#listener({ type: 'idle', fresh, failed, broken, artifacts })
  }
}
