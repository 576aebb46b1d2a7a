// Follows a build to summarize what it did if it is interrupted.
import { monotonicSeconds } from '../../platform/clock.ts'
import type { BuildEvent } from '../../events/events.ts'
import { duration } from '../../platform/units.ts'

export class Interruption {
  readonly #since = monotonicSeconds()
  /** The artifacts that the first plan had to run or restore, in its order. */
  #planned: readonly string[] = []
  readonly #outcomes = new Map<string, 'built' | 'restored' | 'failed' | 'running'>()

  readonly listener = (event: BuildEvent): void => {
    switch (event.type) {
      case 'explained':
        this.#planned = event.explanation.consequences.map(({ artifact }) => artifact)
        return
      case 'built':
      case 'restored':
      case 'failed':
      case 'running':
        this.#outcomes.set(event.artifact, event.type)
    }
  }

  /** What the build has done until now, in a line without a final newline. */
  summary(): string {
    const named = (wanted: string | undefined): readonly string[] =>
      this.#planned.filter((name) => this.#outcomes.get(name) === wanted)
    const done = (['built', 'restored', 'failed'] as const)
      .filter((outcome) => named(outcome).length > 0)
      .map((outcome) => `${outcome} ${enumerated(named(outcome))}`)
    const left = [
      ...(named('running').length > 0 ? [`${enumerated(named('running'))} did not finish`] : []),
      ...(named(undefined).length > 0 ? [`${enumerated(named(undefined))} did not start`] : []),
    ]
    const words = [done.length > 0 ? done.join(', ') : 'nothing was built', ...left].join('; ')
    return `interrupted after ${duration(monotonicSeconds() - this.#since)}: ${words}`
  }
}

const enumerated = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
