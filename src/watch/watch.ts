import { monotonicSeconds } from '../platform/clock.ts'
import { Failure } from '../platform/failure.ts'
import { changedFiles } from '../config/sourceFiles.ts'
import type { loadConfig } from '../config/load.ts'
import type { Graph } from '../graph/graph.ts'
import type { Overrides } from '../graph/params.ts'
import { isFresh, plan } from '../planner/plan.ts'
import { build, checkTargets } from '../executor/build.ts'
import type { BuildReport } from '../executor/report.ts'
import { Invalidation } from '../executor/invalidation.ts'
import { takeSnapshot } from '../workspace/snapshot.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { loadElsewhere } from './config.ts'
import type { Burst } from './debounce.ts'
import type { LookoutOptions } from './sourceWatcher.ts'
import { Lookout } from './sourceWatcher.ts'
import { Teller } from './eventReporter.ts'
import { Memory } from './failureMemory.ts'
import type { Plan } from '../planner/types.ts'

export interface WatchOptions extends LookoutOptions {
  /** Opens the workspace as the command line says, with this way to load the config. */
  open(load: typeof loadConfig): Promise<Workspace>
  readonly signal: AbortSignal
  /** The directory with lbuild's compiled child. */
  readonly code: string
  readonly jobs?: number
  /** The params that were set, as somebody wrote them. */
  readonly params: Overrides
  /** Whether a save during a build ends what it makes stale; if not, the build comes to its end first. */
  readonly cancel: boolean
  /** After each look that finds all targets fresh because of a build or at the start. */
  readonly ready?: (workspace: Workspace) => void
}

/** Keeps targets up to date while their sources change. Nothing is built that a build would not build. */
export class Watch {
  readonly #options: WatchOptions
  readonly #lookout: Lookout
  readonly #tell: Teller
  readonly #memory = new Memory()
  #workspace: Workspace | undefined
  /** Whether the config cannot be loaded as it is. */
  #broken = false
  /** Whether `ready` was called for what is there. */
  #ready = false

  constructor(options: WatchOptions) {
    this.#options = options
    this.#lookout = new Lookout(options)
    this.#tell = new Teller(options.listener)
  }

  /** Runs until the signal. Throws a Failure when the config cannot be loaded at the start. */
  async run(): Promise<void> {
    const { signal } = this.#options
    const { hints } = this.#lookout
    try {
      const workspace = (this.#workspace = await this.#open())
      await this.#lookout.begin(workspace)
      let burst: Burst | undefined
      for (;;) {
        while (await this.#round(burst)) burst = hints.take()
        await hints.burst(signal)
        if (signal.aborted) return
        burst = hints.take()
        this.#tell.changed(burst, workspace.locations.root)
      }
    } finally {
      await this.#lookout.close()
    }
  }

  /** Builds now, also what failed before and would fail again. */
  buildNow(): void {
    this.#memory.forget()
    this.#tell.forget()
    this.#lookout.hints.wake()
  }

  /** The graph of the last config that could be loaded. */
  get graph(): Graph | undefined {
    return this.#workspace?.graph
  }

  /** Looks once, and builds if there is something to do. Gives whether to look again at once. */
  async #round(burst: Burst | undefined): Promise<boolean> {
    const { signal, ready } = this.#options
    try {
      await this.#reload()
      if (burst?.entries !== false) await this.#cover()
      const workspace = this.#workspace!
      const planned = await this.#plan(workspace)
      this.#tell.over('inputs')
      if (burst && burst.paths.length > 0) this.#memory.changed()
      if (!signal.aborted && this.#memory.isWorthBuilding(planned)) {
        await this.#build(workspace, planned, burst)
        return !signal.aborted
      }
      const fresh = planned.every(isFresh)
      if (fresh) this.#memory.forget()
      if (fresh && !this.#ready) ready?.(workspace)
      this.#ready = fresh
      this.#tell.idle(planned, this.#memory.failing(planned), this.#broken, burst)
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof Failure)) throw error
      this.#memory.forget()
      this.#tell.trouble('inputs', error)
      this.#tell.idle([], [], this.#broken, burst)
    }
    return false
  }

  async #open(): Promise<Workspace> {
    const workspace = await this.#options.open(loadElsewhere(this.#options.signal))
    checkTargets(workspace.graph, this.#options.targets)
    return workspace
  }

  /** Loads the config where it has changed. Gives whether it is another one; one that is wrong leaves the old one. */
  async #reload(): Promise<boolean> {
    const before = this.#workspace!
    try {
      this.#workspace = await this.#open()
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      this.#tell.trouble('config', error)
      await this.#setBroken(true)
      return false
    }
    this.#tell.over('config')
    await this.#setBroken(false)
    if (JSON.stringify(before.graph) === JSON.stringify(this.#workspace.graph)) return false
    this.#options.listener({ type: 'config' })
    await this.#cover()
    return true
  }

  #cover(): Promise<number> {
    return this.#lookout.cover(this.#workspace!, this.#broken)
  }

  async #plan(workspace: Workspace): Promise<Plan> {
    const { targets } = this.#options
    const snapshot = await takeSnapshot(workspace, targets, new Set())
    workspace.index.save()
    return plan(workspace.graph, targets, snapshot)
  }

  async #build(workspace: Workspace, planned: Plan, burst: Burst | undefined): Promise<void> {
    const { targets, listener, signal, code, jobs, params, cancel } = this.#options
    this.#tell.building(planned)
    this.#ready = false
    this.#memory.trying(planned)
    const startedAt = monotonicSeconds()
    const invalidation = new Invalidation()
    const another = new AbortController()
    const over = new AbortController()
    const following = cancel ? this.#follow(invalidation, another, over.signal) : Promise.resolve()
    let report: BuildReport | undefined
    try {
      report = await build(workspace, {
        targets,
        force: false,
        params,
        keepGoing: true,
        wait: true,
        listener: (event) => listener({ type: 'build', event }),
        signal: AbortSignal.any([signal, another.signal]),
        code,
        invalidation,
        knownFailures: this.#memory.knownFailures(planned),
        ...(jobs === undefined ? {} : { jobs }),
      })
      this.#memory.note(report)
    } catch (error) {
      if (signal.aborted) throw error
      if (another.signal.aborted) this.#memory.forgetTried()
      else if (error instanceof Failure) this.#tell.trouble('build', error)
      else throw error
    } finally {
      over.abort()
      await following
    }
    const named = (outcome: string): readonly string[] =>
      report?.artifacts.flatMap((one) => (one.outcome === outcome ? [one.name] : [])) ?? []
    const outcome = another.signal.aborted ? 'cancelled' : report?.exitCode === 0 ? 'done' : 'failed'
    const since = burst?.since
    const now = monotonicSeconds()
    if (outcome === 'done') this.#tell.over('build')
    listener({
      type: 'built',
      outcome,
      ran: named('built'),
      restored: named('restored'),
      failed: named('failed'),
      seconds: now - startedAt,
      ...(since === undefined ? {} : { secondsSinceChange: now - since }),
    })
  }

  /** While a build runs: tells it of changes, and ends it when the config is another one. */
  async #follow(invalidation: Invalidation, another: AbortController, over: AbortSignal): Promise<void> {
    const { hints } = this.#lookout
    for (;;) {
      await hints.burst(over)
      // What came last is for the look after the build.
      if (over.aborted) return
      const burst = hints.take()
      const { disk, index, files, locations } = this.#workspace!
      this.#tell.changed(burst, locations.root)
      this.#memory.forgetTried()
      try {
        const moved = (await changedFiles(disk, index, files)).length > 0
        if (moved && (await this.#reload())) return another.abort()
        if (burst?.entries === true) await this.#cover()
      } catch (error) {
        if (this.#options.signal.aborted) return
        throw error
      }
      invalidation.give()
    }
  }

  async #setBroken(broken: boolean): Promise<void> {
    if (this.#broken === broken) return
    this.#broken = broken
    await this.#cover()
  }
}
