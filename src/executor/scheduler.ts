import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { plan } from '../planner/plan.ts'
import type { BuildEvent } from '../events/events.ts'
import { InputChanged } from './materialize.ts'
import { executeArtifact, restoreArtifact } from './executeArtifact.ts'
import type { BuildOptions, KnownFailure } from './options.ts'
import type { RunContext } from './context.ts'
import { Cancelled, Interrupted } from './context.ts'
import type { ArtifactReport, BuildReport } from './report.ts'
import { failureData, freshReport, outputReport, savedSeconds } from './report.ts'
import { resolveLockfiles } from '../lockfiles/resolve.ts'
import type { Run } from './runs.ts'
import { isStillRight } from './runs.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import { DamagedObject } from '../store/objects.ts'
import { recordOf } from '../planner/types.ts'
import type { Plan, Planned } from '../planner/types.ts'

/** How often one artifact may be begun in a build, since something changed under its hands, before it is given up. */
const ATTEMPTS = 5
/** Milliseconds in which a change that a run came upon is told of by who watches: it waits for quiet, at most 1 s. */
const PATIENCE = 2_000

/** Does under the workspace's lock what a plan says, until nothing is left to do. */
export class Scheduler {
  #context: RunContext
  readonly #options: BuildOptions
  readonly #running = new Map<string, Run>()
  readonly #reports = new Map<string, ArtifactReport>()
  readonly #failed: Map<string, Omit<KnownFailure, 'key'> & Partial<KnownFailure>>
  readonly #attempts = new Map<string, number>()
  /** Artifacts of which it was open at the start whether they would run. */
  readonly #open: ReadonlySet<string>
  #forced: ReadonlySet<string>
  /** An error that is no failure of an artifact, such as a full disk: it ends the build. */
  #broken: { readonly error: unknown } | undefined

  /** `first` is the plan that the build began with. */
  constructor(context: RunContext, options: BuildOptions, first: Plan) {
    this.#context = context
    this.#options = options
    this.#open = new Set(first.filter(({ key }) => key === undefined).map(({ node }) => node.name))
    this.#forced = context.snapshot.forced
    this.#failed = new Map(options.knownFailures)
  }

  async run(startedAt: number): Promise<BuildReport> {
    try {
      return await this.#runAll(startedAt)
    } catch (error) {
      await this.#context.processes.killAll()
      await Promise.allSettled(this.#ends())
      throw error
    }
  }

  async #runAll(startedAt: number): Promise<BuildReport> {
    for (;;) {
      this.#throwIfOver()
      if (this.#options.invalidation?.given) await this.#lookAround()
      const planned = this.#plan()
      if (this.#options.invalidation) this.#follow(planned)
      for (const one of planned) await this.#start(one)
      if (this.#running.size === 0) {
        if (this.#options.invalidation?.given) continue
        const after = this.#plan()
        if (!after.some((one) => this.#isReady(one))) return this.#report(after, startedAt)
      } else {
        const invalidation = this.#options.invalidation?.next()
        await Promise.race([...this.#ends(), ...(invalidation ? [invalidation] : [])])
      }
    }
  }

  #plan(): Plan {
    const { workspace, snapshot } = this.#context
    return plan(workspace.graph, this.#options.targets, { ...snapshot, forced: this.#forced })
  }

  #throwIfOver(): void {
    if (this.#options.signal.aborted) throw new Interrupted('interrupted')
    if (this.#broken) throw this.#broken.error
  }

  /** Whether something can be done about an artifact now. */
  #isReady({ node, key, decision }: Planned): boolean {
    if (this.#running.has(node.name) || this.#failed.has(node.name)) return false
    if (this.#failed.size > 0 && !this.#options.keepGoing) return false
    return decision.verdict === 'restorable' || (decision.verdict === 'stale' && key !== undefined)
  }

  async #start(one: Planned): Promise<void> {
    if (!this.#isReady(one)) return
    const { node, decision } = one
    const startedAt = monotonicSeconds()
    if (decision.verdict === 'restorable') {
      try {
        this.#attempt(node.name, 'its output is not what was put there')
        await restoreArtifact(this.#context, one)
        this.#note(one, 'restored', decision.reasons, {})
      } catch (error) {
        await this.#disturbed(one, error, startedAt)
      }
    } else if (this.#running.size < (this.#options.jobs ?? availableParallelism())) {
      const cancel = new AbortController()
      const ended = this.#perform(one, startedAt, cancel.signal).finally(() =>
        this.#running.delete(node.name),
      )
      this.#running.set(node.name, { planned: one, cancel, ended })
    }
  }

  /** Runs a producer. Never rejects: what went wrong is noted, for the loop may be waiting for something else. */
  async #perform(one: Planned, startedAt: number, cancel: AbortSignal): Promise<void> {
    const { node, decision } = one
    const reasons = decision.verdict === 'stale' ? decision.reasons : []
    try {
      const seconds = await executeArtifact(this.#context, one, reasons, cancel)
      // The snapshot may be another one than the run began with.
      await this.#context.snapshot.refreshOutputs(node)
      this.#forced = new Set([...this.#forced].filter((name) => name !== node.name))
      this.#note(one, 'built', reasons, { seconds })
    } catch (error) {
      if (this.#options.signal.aborted) return
      if (error instanceof Cancelled)
        this.#emit({ type: 'cancelled', artifact: node.name, seconds: monotonicSeconds() - startedAt })
      else await this.#disturbed(one, error, startedAt)
    }
  }

  /** What could not be done about an artifact is planned anew, or fails it, or ends the build. */
  async #disturbed(one: Planned, error: unknown, startedAt: number): Promise<void> {
    try {
      await this.#lookAgain(one, error)
    } catch (final) {
      try {
        this.#fail(one, final, monotonicSeconds() - startedAt)
      } catch (broken) {
        this.#broken ??= { error: broken }
      }
    }
  }

  /**
   * Something that the plan rests on is no longer so, an input or an object: what is known is taken anew, and the
   * scheduler plans with that. Any other error is thrown again.
   */
  async #lookAgain({ node }: Planned, error: unknown): Promise<void> {
    if (error instanceof DamagedObject) this.#emit({ type: 'warning', message: error.headline })
    else if (!(error instanceof InputChanged)) throw error
    this.#attempt(node.name, error.headline)
    this.#emit({ type: 'retrying', artifact: node.name, reason: error.headline })
    if (error instanceof InputChanged) await this.#noticed()
    await this.#snapshot()
  }

  /** Under watch, who writes may go on doing so: it is told when that is over. */
  async #noticed(): Promise<void> {
    const { invalidation, signal } = this.#options
    if (!invalidation) return
    const late = new AbortController()
    const patience = setTimeout(PATIENCE, undefined, { signal: AbortSignal.any([signal, late.signal]) })
    await Promise.race([invalidation.next(), patience.catch(() => {})])
    late.abort()
  }

  async #snapshot(): Promise<void> {
    const snapshot: Snapshot = await takeSnapshot(
      this.#context.workspace,
      this.#options.targets,
      this.#forced,
    )
    this.#context = { ...this.#context, snapshot }
  }

  /**
   * Takes a new snapshot because inputs may have changed. Where none can be taken, such as in the middle of a save, what
   * runs goes on: who gave the invalidation gives another when the inputs are there again.
   */
  async #lookAround(): Promise<void> {
    this.#options.invalidation!.take()
    this.#attempts.clear()
    try {
      await this.#snapshot()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return
    }
    this.#follow(this.#plan())
    if (await resolveLockfiles(this.#context, [])) await this.#snapshot()
  }

  /** Ends the runs whose key is another one now, and forgets the failures whose key is. */
  #follow(planned: readonly Planned[]): void {
    for (const now of planned) {
      const { name } = now.node
      const run = this.#running.get(name)
      if (run && !isStillRight(run.planned, now)) run.cancel.abort()
      const failed = this.#failed.get(name)
      if (failed && (now.decision.verdict === 'fresh' || (now.key !== undefined && failed.key !== now.key))) {
        this.#failed.delete(name)
        this.#reports.delete(name)
      }
    }
  }

  #ends(): Promise<void>[] {
    return [...this.#running.values()].map(({ ended }) => ended)
  }

  /** Counts how often an artifact is begun; throws a Failure when it comes to no end. */
  #attempt(name: string, last: string): void {
    const attempts = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, attempts)
    if (attempts >= ATTEMPTS)
      throw new Failure(`what '${name}' is made of, or its output, keeps changing`, {
        facts: [['last', last]],
        hint: 'wait until nothing writes to it, and run again',
      })
  }

  #note(
    one: Planned,
    outcome: 'built' | 'restored',
    reasons: ArtifactReport['reasons'],
    more: { seconds?: number },
  ): void {
    const { workspace, snapshot } = this.#context
    const record = recordOf(snapshot.latest(one.node.name))
    const outputs = Object.values(record?.outputs ?? {}).map(outputReport)
    this.#reports.set(one.node.name, { name: one.node.name, outcome, reasons, outputs, ...more })
    workspace.index.save()
  }

  #fail({ node, key, decision }: Planned, error: unknown, seconds: number): void {
    if (!(error instanceof Failure)) throw error
    const failure = failureData(error)
    const reasons = decision.verdict === 'fresh' ? [] : decision.reasons
    const known = key === undefined ? { failure } : { key, failure }
    this.#failed.set(node.name, known)
    this.#reports.set(node.name, { name: node.name, outcome: 'failed', reasons, outputs: [], ...known })
    this.#emit({ type: 'failed', artifact: node.name, reasons, seconds, ...known })
  }

  #emit(event: BuildEvent): void {
    this.#context.listener(event)
  }

  #report(planned: readonly Planned[], startedAt: number): BuildReport {
    const [firstFailed] = this.#failed.keys()
    const artifacts = planned.map((one): ArtifactReport => {
      const { node, decision } = one
      const known = this.#reports.get(node.name)
      if (known) return known
      if (decision.verdict === 'fresh') {
        const { key, seconds: saved } = decision.record
        const cutOff = this.#open.has(node.name)
        this.#emit({ type: 'fresh', artifact: node.name, key, savedSeconds: saved, cutOff })
        return freshReport(one)
      }
      const { reasons } = decision
      const again = this.#failed.get(node.name)
      if (again) {
        this.#emit({ type: 'failed', artifact: node.name, reasons, seconds: 0, ...again })
        return { name: node.name, outcome: 'failed', reasons, outputs: [], ...again }
      }
      if (firstFailed === undefined)
        throw new Failure(`the inputs of '${node.name}' changed during the build`, { hint: 'build again' })
      this.#emit({ type: 'skipped', artifact: node.name, reasons, failedArtifact: firstFailed })
      return { name: node.name, outcome: 'skipped', reasons, outputs: [] }
    })
    const notRun = planned.filter(({ node }) => this.#reports.get(node.name)?.outcome !== 'built')
    return {
      build: this.#context.build,
      targets: this.#options.targets,
      artifacts,
      seconds: monotonicSeconds() - startedAt,
      savedSeconds: savedSeconds(notRun),
      exitCode: this.#failed.size > 0 ? 1 : 0,
    }
  }
}
