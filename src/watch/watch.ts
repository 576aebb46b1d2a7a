import { monotonicSeconds } from '../host/clock.ts'
import { Failure } from '../host/failure.ts'
import { movedFiles } from '../config/load.ts'
import type { loadConfig } from '../config/load.ts'
import type { Graph } from '../graph/graph.ts'
import type { Overrides } from '../graph/params.ts'
import type { Plan } from '../plan/plan.ts'
import { isFresh, plan } from '../plan/plan.ts'
import { build, checkTargets } from '../run/build.ts'
import type { BuildReport } from '../run/report.ts'
import { Notice } from '../run/notice.ts'
import { failureData } from '../run/report.ts'
import { surveyWorkspace } from '../workspace/survey.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { BackendListener, WatchBackend } from './backend.ts'
import { loadElsewhere } from './config.ts'
import { directoriesOf } from './directories.ts'
import type { WatchListener } from './events.ts'
import type { Burst } from './hints.ts'
import { Hints } from './hints.ts'
import { SCAN_INTERVAL } from './scan.ts'
import { concerns, sourcesOf, widened } from './sources.ts'
import { Memory } from './todo.ts'
import { reasonOf, WATCHES_HINT } from './trust.ts'

export interface WatchOptions {
  readonly targets: readonly string[]
  /** Opens the workspace as the command line says, with this way to load the config. */
  open(load: typeof loadConfig): Promise<Workspace>
  readonly listener: WatchListener
  readonly signal: AbortSignal
  /** The directory with lbuild's compiled child. */
  readonly code: string
  readonly jobs?: number
  /** The params that were set, as somebody wrote them. */
  readonly params: Overrides
  /** Whether a save during a build ends what it makes stale; if not, the build comes to its end first. */
  readonly cancel: boolean
  /** What tells of changes. */
  backend(listener: BackendListener): WatchBackend
  /** What tells where `backend` cannot. */
  fallback(listener: BackendListener): WatchBackend
  /** Why `backend` cannot be trusted in a directory, if so. */
  distrust(root: string): string | undefined
  /** After each look that finds all targets fresh because of a build or at the start. */
  readonly ready?: (workspace: Workspace) => void
}

/** Keeps targets up to date while their sources change. Nothing is built that a build would not build. */
export class Watch {
  readonly #options: WatchOptions
  readonly #hints = new Hints()
  readonly #memory = new Memory()
  #backend: WatchBackend
  #scanning = false
  #workspace: Workspace | undefined
  /** What was said last of each kind of failure, so that it is said once. */
  readonly #said = new Map<string, string>()
  /** Whether the config cannot be loaded as it is. */
  #broken = false
  /** Whether `ready` was called for what is there. */
  #ready = false
  #idle = ''

  constructor(options: WatchOptions) {
    this.#options = options
    this.#backend = options.backend(this.#hints)
    this.#hints.failed = (error) => this.#scanInstead(reasonOf(error), WATCHES_HINT)
  }

  /** Runs until the signal. Throws a Failure when the config cannot be loaded at the start. */
  async run(): Promise<void> {
    const { signal, listener, targets } = this.#options
    try {
      this.#workspace = await this.#open()
      const { root } = this.#workspace.places
      const remote = this.#options.distrust(root)
      if (remote !== undefined)
        this.#scanInstead(`${root} is on ${remote}, which does not tell of all changes`)
      const directories = await this.#arm()
      const backend = this.#scanning ? 'scan' : 'inotify'
      listener({ type: 'watching', targets, backend, directories })
      let burst: Burst | undefined
      for (;;) {
        while (await this.#round(burst)) burst = this.#hints.take()
        await this.#hints.burst(signal)
        if (signal.aborted) return
        burst = this.#hints.take()
        this.#tellChanged(burst)
      }
    } finally {
      await this.#backend.close()
    }
  }

  /** Builds now, also what failed before and would fail again. */
  buildNow(): void {
    this.#memory.forget()
    this.#said.clear()
    this.#idle = ''
    this.#hints.wake()
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
      if (burst?.entries !== false) await this.#arm()
      const workspace = this.#workspace!
      const planned = await this.#plan(workspace)
      this.#said.delete('inputs')
      if (burst && burst.paths.length > 0) this.#memory.changed()
      if (!signal.aborted && this.#memory.isWorthBuilding(planned)) {
        await this.#build(workspace, planned, burst)
        return !signal.aborted
      }
      const fresh = planned.every(isFresh)
      if (fresh) this.#memory.forget()
      if (fresh && !this.#ready) ready?.(workspace)
      this.#ready = fresh
      this.#tellIdle(planned, this.#memory.failing(planned), burst)
    } catch (error) {
      if (signal.aborted) return false
      if (!(error instanceof Failure)) throw error
      this.#memory.forget()
      this.#tellFailure('inputs', error)
      this.#tellIdle([], [], burst)
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
      this.#tellFailure('config', error)
      await this.#setBroken(true)
      return false
    }
    this.#said.delete('config')
    await this.#setBroken(false)
    if (JSON.stringify(before.graph) === JSON.stringify(this.#workspace.graph)) return false
    this.#options.listener({ type: 'config' })
    await this.#arm()
    return true
  }

  /** Has every directory watched in which something of the sources may change; gives how many there are. */
  async #arm(): Promise<number> {
    const workspace = this.#workspace!
    const { root } = workspace.places
    const declared = sourcesOf(workspace, this.#options.targets)
    const sources = this.#broken ? widened(declared, workspace) : declared
    this.#hints.concerns = concerns(sources)
    for (let before = -1; ;) {
      // What came into a directory before that was watched is found by looking once more.
      const directories = directoriesOf(sources, root)
      if (this.#scanning || directories.size === before) return directories.size
      before = directories.size
      await this.#backend.watch(directories)
    }
  }

  async #plan(workspace: Workspace): Promise<Plan> {
    const { targets } = this.#options
    const survey = await surveyWorkspace(workspace, targets, new Set())
    workspace.index.save()
    return plan(workspace.graph, targets, survey)
  }

  async #build(workspace: Workspace, planned: Plan, burst: Burst | undefined): Promise<void> {
    const { targets, listener, signal, code, jobs, params, cancel } = this.#options
    const artifacts = planned.flatMap(({ node, decision }) =>
      decision.verdict === 'fresh'
        ? []
        : [{ artifact: node.name, verdict: decision.verdict, reasons: decision.reasons }],
    )
    listener({ type: 'building', artifacts })
    this.#ready = false
    this.#idle = ''
    this.#memory.trying(planned)
    const startedAt = monotonicSeconds()
    const notice = new Notice()
    const another = new AbortController()
    const over = new AbortController()
    const following = cancel ? this.#follow(notice, another, over.signal) : Promise.resolve()
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
        notice,
        knownFailures: this.#memory.failures,
        ...(jobs === undefined ? {} : { jobs }),
      })
      this.#memory.note(report)
    } catch (error) {
      if (signal.aborted) throw error
      if (another.signal.aborted) this.#memory.forgetTried()
      else if (error instanceof Failure) this.#tellFailure('build', error)
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
    if (outcome === 'done') this.#said.delete('build')
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
  async #follow(notice: Notice, another: AbortController, over: AbortSignal): Promise<void> {
    for (;;) {
      await this.#hints.burst(over)
      // What came last is for the look after the build.
      if (over.aborted) return
      const burst = this.#hints.take()
      this.#tellChanged(burst)
      this.#memory.forgetTried()
      const { disk, index, files } = this.#workspace!
      try {
        const moved = (await movedFiles(disk, index, files)).length > 0
        if (moved && (await this.#reload())) return another.abort()
        if (burst?.entries === true) await this.#arm()
      } catch (error) {
        if (this.#options.signal.aborted) return
        throw error
      }
      notice.give()
    }
  }

  async #setBroken(broken: boolean): Promise<void> {
    if (this.#broken === broken) return
    this.#broken = broken
    await this.#arm()
  }

  #scanInstead(reason: string, hint?: string): void {
    if (this.#scanning) return
    this.#scanning = true
    void this.#backend.close()
    this.#backend = this.#options.fallback(this.#hints)
    const interval = SCAN_INTERVAL / 1000
    this.#options.listener({ type: 'scanning', reason, interval, ...(hint === undefined ? {} : { hint }) })
  }

  #tellChanged(burst: Burst | undefined): void {
    if (!burst || burst.paths.length === 0) return
    const { root } = this.#workspace!.places
    const paths = burst.paths.map((path) =>
      path.startsWith(`${root}/`) ? path.slice(root.length + 1) : path,
    )
    this.#options.listener({ type: 'changed', paths, more: burst.more })
  }

  #tellFailure(what: 'config' | 'inputs' | 'build', error: Failure): void {
    const failure = failureData(error)
    const text = JSON.stringify(failure)
    if (this.#said.get(what) === text) return
    this.#said.set(what, text)
    this.#options.listener({ type: 'failed', what, failure })
  }

  /** Says that there is nothing to do: after everything that happened, and where it is not what was said last. */
  #tellIdle(planned: Plan, failed: readonly string[], burst: Burst | undefined): void {
    const fresh = planned.length > 0 && planned.every(isFresh)
    const text = JSON.stringify([fresh, failed, this.#broken])
    if (text === this.#idle && (burst?.paths.length ?? 0) === 0) return
    this.#idle = text
    const artifacts = planned.map(({ node, decision, latest }) => ({
      artifact: node.name,
      verdict: decision.verdict,
      ...(latest ? { seconds: latest.seconds } : {}),
    }))
    this.#options.listener({ type: 'idle', fresh, failed, broken: this.#broken, artifacts })
  }
}
