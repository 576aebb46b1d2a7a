// Keeps targets up to date while their sources change: performs the work of each state of ./state.ts.
import { once } from 'node:events'
import { changedFiles } from '../config/sourceFiles.ts'
import type { EvaluationOptions } from '../config/configProcess.ts'
import { build } from '../executor/build.ts'
import type { Locked } from '../executor/locked.ts'
import { Invalidation } from '../executor/invalidation.ts'
import type { BuildReport } from '../executor/report.ts'
import { checkTargets } from '../executor/checkTargets.ts'
import type { Graph } from '../graph/graph.ts'
import type { Overrides } from '../graph/params.ts'
import type { Plan } from '../planner/domain.ts'
import { isFresh, plan } from '../planner/plan.ts'
import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { toRawPath } from '../platform/rawPath.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Burst } from './debounce.ts'
import { builtEvent, EventReporter } from './eventReporter.ts'
import { FailureMemory } from './failureMemory.ts'
import type { SourceWatcherOptions } from './sourceWatcher.ts'
import { SourceWatcher } from './sourceWatcher.ts'
import type { PlanResult, WatchInput } from './state.ts'
import { startState, tickAt, transition } from './state.ts'

export interface WatchOptions extends SourceWatcherOptions {
  readonly workspace: Workspace
  /** Opens the workspace again with the params of the command line, and with this way to load the config. */
  open(evaluation: EvaluationOptions): Promise<Workspace>
  readonly signal: AbortSignal
  /** The directory of lbuild's compiled code. */
  readonly code: string
  readonly jobs?: number
  /** Why builds may not resolve lockfiles. They may unless given. */
  readonly locked?: Locked
  /** The arguments of lbuild as the user typed them, for the event log. */
  readonly command: readonly string[]
  /** The params that the profile and the command line set, as written. */
  readonly params: Overrides
  /** Whether a change during a build cancels the runs that it makes stale; if not, the build finishes first. */
  readonly cancel: boolean
  /** Called when all targets are fresh: at the start, and whenever they become fresh again. */
  readonly ready?: (workspace: Workspace) => void
}

/** A build that watch has started. */
interface RunningBuild {
  readonly invalidation: Invalidation
  /** Cancels the whole build, because its graph is outdated. */
  readonly cancellation: AbortController
}

/**
 * Runs the state machine of `lbuild watch`: starts the work of each state and reports the result as an input.
 * Builds only what `lbuild build` would build.
 */
export class Watch {
  readonly #options: WatchOptions
  readonly #sources: SourceWatcher
  readonly #reporter: EventReporter
  readonly #failures = new FailureMemory()
  /** Stops watch after an error that is no Failure. */
  readonly #crash = new AbortController()
  readonly #signal: AbortSignal
  #state: ReturnType<typeof startState>
  #workspace: Workspace
  #build: RunningBuild | undefined
  #timer: NodeJS.Timeout | undefined
  /** The work of the states that has not finished. */
  readonly #work = new Set<Promise<void>>()

  constructor(options: WatchOptions) {
    this.#options = options
    this.#workspace = options.workspace
    this.#state = startState(options.cancel)
    this.#signal = AbortSignal.any([options.signal, this.#crash.signal])
    this.#reporter = new EventReporter(options.listener)
    this.#sources = new SourceWatcher(options, (path, entries) =>
      this.#dispatch({ type: 'change', path, entries, now: monotonicSeconds() }),
    )
  }

  /**
   * Runs until the signal aborts. Throws a Failure (exit code 2) if there is no such target, or (exit code 1) if the workspace
   * is removed or renamed.
   */
  async run(): Promise<void> {
    const signal = this.#signal
    checkTargets(this.#workspace.graph, this.#options.targets)
    try {
      await this.#sources.begin(this.#workspace)
      this.#start(this.#planAndBuild(undefined))
      if (!signal.aborted) await once(signal, 'abort')
      this.#dispatch({ type: 'stop' })
      await Promise.all(this.#work)
      if (this.#crash.signal.aborted) throw this.#crash.signal.reason
    } finally {
      clearTimeout(this.#timer)
      await this.#sources.close()
    }
  }

  /** Builds now, also what failed before and would fail again. */
  buildNow(): void {
    this.#failures.forget()
    this.#reporter.forget()
    this.#dispatch({ type: 'change', path: '', entries: true, now: monotonicSeconds() })
  }

  /** The graph of the last config that could be loaded. */
  get graph(): Graph {
    return this.#workspace.graph
  }

  /** Takes an input, and starts the work of the state that it leads to. */
  #dispatch(input: WatchInput): void {
    const before = this.#state.kind
    const state = transition(this.#state, input)
    this.#state = state
    this.#scheduleTick()
    if (state.kind === before) return
    if (state.kind === 'planning') this.#start(this.#planAndBuild(state.cause))
    else if (state.kind === 'checking') this.#start(this.#checkConfig(state.burst))
    else if (state.kind === 'cancelling') this.#build?.cancellation.abort()
  }

  #scheduleTick(): void {
    const at = tickAt(this.#state)
    if (at === undefined || this.#timer) return
    const milliseconds = Math.max(0, Math.ceil((at - monotonicSeconds()) * 1000))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#dispatch({ type: 'tick', now: monotonicSeconds() })
    }, milliseconds)
  }

  #start(work: Promise<void>): void {
    const done = work
      .catch((error: unknown) => {
        if (!this.#signal.aborted) this.#crash.abort(this.#gone() ?? error)
      })
      .finally(() => this.#work.delete(done))
    this.#work.add(done)
  }

  get #root(): string {
    return this.#workspace.locations.root
  }

  /** The failure that ends watch if the workspace is gone. */
  #gone(): Failure | undefined {
    if (this.#workspace.disk.lstat(toRawPath(this.#root))) return undefined
    return new Failure('the workspace was removed or renamed', {
      facts: [['directory', this.#root]],
      hint: 'run lbuild watch again where the workspace is now',
    })
  }

  /** The work of `planning` and `building`. Throws a Failure, which ends watch, if the workspace is gone. */
  async #planAndBuild(cause: Burst | undefined): Promise<void> {
    const gone = this.#gone()
    if (gone) throw gone
    this.#reporter.changed(cause, this.#root)
    const { result, planned } = await this.#plan(cause)
    this.#dispatch({ type: 'planned', result })
    if (this.#state.kind !== 'building') return
    await this.#runBuild(planned, cause)
    this.#dispatch({ type: 'finished' })
  }

  async #plan(cause: Burst | undefined): Promise<{ readonly result: PlanResult; readonly planned: Plan }> {
    const { targets, ready } = this.#options
    const changed = cause?.paths !== undefined
    try {
      await this.#reload()
      if (cause?.entries !== false) await this.#cover()
      const workspace = this.#workspace
      // Probably somebody removes the workspace, and a build would write into it.
      if (!workspace.disk.lstat(toRawPath(`${this.#root}/build.config.ts`))) {
        this.#reportIdle([], changed)
        return { result: 'failed', planned: [] }
      }
      const snapshot = await takeSnapshot(workspace, targets, new Set())
      workspace.index.save()
      const planned = plan(workspace.graph, targets, snapshot)
      this.#reporter.resolved('inputs')
      if (changed) this.#failures.noteChange()
      if (this.#failures.isWorthBuilding(planned)) return { result: 'work', planned }
      const fresh = planned.every(isFresh)
      if (fresh) this.#failures.forget()
      if (fresh && !this.#state.announced) ready?.(workspace)
      this.#reportIdle(planned, changed)
      return { result: fresh ? 'fresh' : 'not-fresh', planned }
    } catch (error) {
      if (!(error instanceof Failure) || this.#signal.aborted) throw error
      this.#failures.forget()
      this.#reporter.failed('inputs', error)
      this.#reportIdle([], changed)
      return { result: 'failed', planned: [] }
    }
  }

  #reportIdle(planned: Plan, changed: boolean): void {
    const configFailed = this.#state.config === 'failed'
    this.#reporter.idle({ plan: planned, failed: this.#failures.failing(planned), configFailed, changed })
  }

  /**
   * Reloads the config if it changed. If the load fails, watch keeps the last valid config. Returns whether the graph
   * differs.
   */
  async #reload(): Promise<boolean> {
    const { open, targets, listener } = this.#options
    const before = this.#workspace.graph
    const configBefore = this.#state.config
    try {
      const workspace = await open({ signal: this.#signal, showsOutput: false })
      checkTargets(workspace.graph, targets)
      this.#workspace = workspace
      this.#reporter.resolved('config')
      this.#dispatch({ type: 'config', loaded: true })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#reporter.failed('config', error)
      this.#dispatch({ type: 'config', loaded: false })
    }
    const graphChanged = JSON.stringify(before) !== JSON.stringify(this.#workspace.graph)
    if (graphChanged) listener({ type: 'reconfigured' })
    if (graphChanged || this.#state.config !== configBefore) await this.#cover()
    return graphChanged
  }

  async #cover(): Promise<void> {
    await this.#sources.cover(this.#workspace, this.#state.config)
  }

  async #runBuild(planned: Plan, cause: Burst | undefined): Promise<void> {
    const { targets, command, listener, code, jobs, params, locked } = this.#options
    this.#reporter.building(planned)
    this.#failures.begin(planned)
    const startedAt = monotonicSeconds()
    const invalidation = new Invalidation()
    const cancellation = new AbortController()
    this.#build = { invalidation, cancellation }
    let report: BuildReport | undefined
    try {
      report = await build(this.#workspace, {
        targets,
        planned,
        force: false,
        command,
        params,
        keepGoing: true,
        wait: true,
        listener: (event) => listener({ type: 'build', event }),
        signal: AbortSignal.any([this.#signal, cancellation.signal]),
        code,
        invalidation,
        knownFailures: this.#failures.knownFailures(planned),
        ...(jobs === undefined ? {} : { jobs }),
        ...(locked === undefined ? {} : { locked }),
      })
      this.#failures.finish(report.artifacts)
    } catch (error) {
      if (this.#signal.aborted) throw error
      if (cancellation.signal.aborted) this.#failures.forgetAttempt()
      else if (error instanceof Failure) this.#reporter.failed('build', error)
      else throw error
    } finally {
      this.#build = undefined
    }
    const built = builtEvent(report, cancellation.signal.aborted, startedAt, cause)
    if (built.outcome === 'done') this.#reporter.resolved('build')
    listener(built)
  }

  /**
   * The work of `checking`: finds out whether the graph changed; if not, the build takes another snapshot. Throws a Failure,
   * which ends watch, if the workspace is gone.
   */
  async #checkConfig(burst: Burst): Promise<void> {
    const gone = this.#gone()
    if (gone) throw gone
    const { disk, index, configFiles } = this.#workspace
    this.#reporter.changed(burst, this.#root)
    this.#failures.forgetAttempt()
    const edited = (await changedFiles(disk, index, configFiles)).length > 0
    const graphChanged = edited && (await this.#reload())
    if (!graphChanged && burst.entries) await this.#cover()
    if (!graphChanged) this.#build?.invalidation.raise()
    this.#dispatch({ type: 'checked', graphChanged })
  }
}
