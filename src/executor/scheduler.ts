// Runs and restores what a plan says, several artifacts at a time, until nothing is left to do.
import { availableParallelism } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import type { BuildEvent } from '../events/events.ts'
import { plan } from '../planner/plan.ts'
import type { Plan, Planned, Reason } from '../planner/domain.ts'
import { recordOf } from '../planner/domain.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { DamagedObject } from '../store/objects.ts'
import type { Snapshot } from '../workspace/snapshot.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { SessionContext } from './sessionContext.ts'
import { Cancelled, Interrupted } from './sessionContext.ts'
import { executeArtifact, restoreArtifact } from './executeArtifact.ts'
import { InputChanged } from './materialize.ts'
import type { BuildOptions } from './options.ts'
import { BuildOutcomes } from './outcomes.ts'
import type { BuildReport } from './report.ts'
import { savedSeconds } from './report.ts'
import { resolveInSession } from './resolver.ts'
import type { Run, Runnable } from './runningProducer.ts'
import { isStillRight } from './runningProducer.ts'
import { WorkQueue } from './workQueue.ts'

/**
 * An artifact fails at its fifth attempt. A run counts as an attempt if an input or object that it relies on changed. A
 * restoration always counts, because something may change the output again at once; if an object is damaged, it counts twice.
 */
const ATTEMPTS = 5
/**
 * How long a run that found a changed input waits for the watcher to report it, in milliseconds. The watcher waits for
 * quiet, at most 1 s.
 */
const PATIENCE = 2_000
/** The interval in seconds at which a build saves the stat index; a crash in between costs only time. */
const SAVE_INTERVAL = 10

/** What a build begins with. */
export interface Beginning {
  /** Made from the snapshot of the scheduler's context. */
  readonly planned: Plan
  /** The artifacts that had no key before the build resolved lockfiles. */
  readonly undecided: ReadonlySet<string>
}

/**
 * Executes a plan while the session holds the workspace lock. After each artifact it plans again only what depends on it;
 * if an input or object changed under a run, it takes a new snapshot and plans everything again.
 */
export class Scheduler {
  #context: SessionContext
  #queue: WorkQueue
  readonly #options: BuildOptions
  /** Artifacts that must run even if they are fresh, and have not run yet. */
  readonly #forced: Set<string>
  readonly #running = new Map<string, Run>()
  readonly #outcomes: BuildOutcomes
  readonly #attempts = new Map<string, number>()
  /** An error that is not the failure of an artifact, such as a full disk; it ends the build. */
  #broken: { readonly error: unknown } | undefined
  #savedAt = monotonicSeconds()
  #snapshotsBegun = 0
  /** The ordinal of the snapshot in use, in the order in which the snapshots were begun. */
  #current = 0

  constructor(context: SessionContext, options: BuildOptions, { planned, undecided }: Beginning) {
    this.#context = context
    this.#options = options
    this.#forced = new Set(context.snapshot.forced)
    this.#outcomes = new BuildOutcomes(context.listener, undecided, options.knownFailures)
    this.#queue = this.#queueOf(context.snapshot, planned)
  }

  /**
   * Runs until nothing is left to do. `startedAt` is the start of the build in seconds of {@link monotonicSeconds}.
   * Throws {@link Interrupted} when the build's signal is aborted.
   */
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
    const { invalidation } = this.#options
    for (;;) {
      this.#throwIfOver()
      if (invalidation?.isRaised) await this.#followInvalidation()
      if (invalidation) this.#cancelStale()
      const isOver = await this.#startReady()
      if (isOver && !invalidation?.isRaised) {
        this.#throwIfOver()
        return this.#report(startedAt)
      }
      if (this.#running.size > 0)
        await Promise.race([...this.#ends(), ...(invalidation ? [invalidation.next()] : [])])
    }
  }

  #queueOf(snapshot: Snapshot, planned?: Plan): WorkQueue {
    const { graph } = this.#context.workspace
    const facts = { ...snapshot, forced: this.#forced }
    return new WorkQueue(graph, facts, planned ?? plan(graph, this.#options.targets, facts))
  }

  #throwIfOver(): void {
    if (this.#options.signal.aborted) throw new Interrupted('interrupted')
    if (this.#broken) throw this.#broken.error
  }

  /**
   * Starts artifacts, in the order of the graph, until all jobs are busy or no artifact is ready. Resolves to true
   * if nothing runs, so that nothing can become ready any more.
   */
  async #startReady(): Promise<boolean> {
    const { jobs = availableParallelism(), keepGoing, signal } = this.#options
    for (;;) {
      if (signal.aborted || this.#broken || (this.#outcomes.hasFailed && !keepGoing))
        return this.#running.size === 0
      const one = this.#queue.take(this.#running.size < jobs)
      if (!one) return this.#running.size === 0
      const { node, decision } = one
      if (this.#running.has(node.name) || this.#outcomes.failed.has(node.name)) continue
      if (decision.verdict === 'restorable') await this.#restore(one)
      else {
        const cancel = new AbortController()
        const ended = this.#execute(one, cancel.signal).finally(() => {
          this.#running.delete(node.name)
          this.#queue.add(node.name)
        })
        this.#running.set(node.name, { planned: one, cancel, ended })
      }
    }
  }

  async #restore(one: Planned): Promise<void> {
    const { node, decision } = one
    const startedAt = monotonicSeconds()
    try {
      this.#countAttempt(node.name, 'the published output changed at once')
      await restoreArtifact(this.#context, one)
      this.#noteDone(one, 'restored', decision.verdict === 'restorable' ? decision.reasons : [])
    } catch (error) {
      await this.#handleError(one, error, startedAt)
      this.#queue.add(node.name)
    }
  }

  /** Runs a producer. Never rejects: errors are noted, because the loop may be waiting for another run. */
  async #execute(one: Runnable, cancel: AbortSignal): Promise<void> {
    const { node, decision } = one
    const startedAt = monotonicSeconds()
    const reasons = decision.verdict === 'stale' ? decision.reasons : []
    try {
      const seconds = await executeArtifact(this.#context, one, reasons, cancel)
      // The snapshot may have been replaced during the run.
      await this.#context.snapshot.refresh(node)
      this.#forced.delete(node.name)
      this.#noteDone(one, 'built', reasons, seconds)
    } catch (error) {
      if (this.#options.signal.aborted) return
      if (error instanceof Cancelled)
        this.#emit({ type: 'cancelled', artifact: node.name, seconds: monotonicSeconds() - startedAt })
      else await this.#handleError(one, error, startedAt)
    }
  }

  /** Handles an error: plans again, fails the artifact, or ends the build. */
  async #handleError(one: Planned, error: unknown, startedAt: number): Promise<void> {
    try {
      await this.#planAgainAfter(one, error)
    } catch (final) {
      try {
        this.#outcomes.fail(one, final, monotonicSeconds() - startedAt)
      } catch (broken) {
        this.#broken ??= { error: broken }
      }
    }
  }

  /**
   * If an input or object that the plan relies on changed, takes a new snapshot and plans again. Throws any other error
   * again.
   */
  async #planAgainAfter({ node }: Planned, error: unknown): Promise<void> {
    if (error instanceof DamagedObject) this.#emit({ type: 'warning', message: error.headline })
    else if (!(error instanceof InputChanged)) throw error
    this.#countAttempt(node.name, error.headline)
    this.#emit({ type: 'retrying', artifact: node.name, reason: error.headline })
    if (error instanceof InputChanged) await this.#awaitInvalidation()
    await this.#takeSnapshot()
  }

  /** Under watch, waits until the watcher reports the change, because the input may still be being written. */
  async #awaitInvalidation(): Promise<void> {
    const { invalidation, signal } = this.#options
    if (!invalidation) return
    const late = new AbortController()
    const patience = setTimeout(PATIENCE, undefined, { signal: AbortSignal.any([signal, late.signal]) })
    await Promise.race([invalidation.next(), patience.catch(() => {})])
    late.abort()
  }

  /** Replaces the snapshot, unless one that was begun later is there already: several runs may ask for one at a time. */
  async #takeSnapshot(): Promise<void> {
    const { workspace } = this.#context
    const ordinal = (this.#snapshotsBegun += 1)
    const snapshot = await takeSnapshot(workspace, this.#options.targets, new Set(this.#forced))
    if (ordinal < this.#current) return
    this.#current = ordinal
    this.#context = { ...this.#context, snapshot }
    this.#queue = this.#queueOf(snapshot)
  }

  /**
   * Takes a new snapshot because inputs may have changed. If that fails, for example in the middle of a save, the runs
   * continue: another invalidation follows when the inputs are complete again.
   */
  async #followInvalidation(): Promise<void> {
    this.#options.invalidation?.clear()
    this.#attempts.clear()
    try {
      await this.#takeSnapshot()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      return
    }
    this.#cancelStale()
    if (await resolveInSession(this.#context, [])) await this.#takeSnapshot()
  }

  /** Cancels the runs, and forgets the failures, of artifacts whose key changed or that need no run any more. */
  #cancelStale(): void {
    for (const [name, run] of this.#running) {
      const now = this.#queue.current(name)
      if (now && !isStillRight(run.planned, now)) run.cancel.abort()
    }
    for (const [name, failed] of this.#outcomes.failed) {
      const now = this.#queue.current(name)
      if (!now) continue
      if (now.decision.verdict === 'fresh' || (now.key !== undefined && failed.key !== now.key)) {
        this.#outcomes.forget(name)
        this.#queue.add(name)
      }
    }
  }

  #ends(): Promise<void>[] {
    return [...this.#running.values()].map(({ ended }) => ended)
  }

  /** Counts the attempts at an artifact; throws a Failure when there were too many. */
  #countAttempt(name: string, last: string): void {
    const attempts = (this.#attempts.get(name) ?? 0) + 1
    this.#attempts.set(name, attempts)
    if (attempts >= ATTEMPTS)
      throw new Failure(`the inputs or the output of '${name}' keep changing`, {
        facts: [['last attempt', last]],
        hint: 'run again when nothing writes to them',
      })
  }

  #noteDone(
    { node }: Planned,
    outcome: 'built' | 'restored',
    reasons: readonly Reason[],
    seconds?: number,
  ): void {
    const { workspace, snapshot } = this.#context
    this.#outcomes.add(node, recordOf(snapshot.latest(node.name)), outcome, reasons, seconds)
    this.#queue.update(node.name)
    if (monotonicSeconds() - this.#savedAt < SAVE_INTERVAL) return
    workspace.index.save()
    this.#savedAt = monotonicSeconds()
  }

  #report(startedAt: number): BuildReport {
    const planned = this.#queue.plan()
    return {
      build: this.#context.build,
      targets: this.#options.targets,
      artifacts: this.#outcomes.reports(planned),
      seconds: monotonicSeconds() - startedAt,
      savedSeconds: savedSeconds(planned.filter(({ node }) => !this.#outcomes.wasBuilt(node.name))),
      exitCode: this.#outcomes.hasFailed ? 1 : 0,
    }
  }

  #emit(event: BuildEvent): void {
    this.#context.listener(event)
  }
}
