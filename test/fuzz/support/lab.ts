// A workspace whose producers are functions of the test.
import * as fs from 'node:fs'
import type { Graph } from '../../../src/graph/graph.ts'
import type { Disk } from '../../../src/platform/disk.ts'
import { realDisk } from '../../../src/platform/disk.ts'
import { StatIndex } from '../../../src/fingerprint/statIndex.ts'
import { build } from '../../../src/executor/build.ts'
import { planCollection, removeCollected } from '../../../src/executor/garbageCollection.ts'
import type { Limits } from '../../../src/store/retention.ts'
import type { BuildEvent } from '../../../src/events/events.ts'
import type { BuildOptions } from '../../../src/executor/options.ts'
import type { Ended, Processes } from '../../../src/sandbox/process.ts'
import type { BuildReport } from '../../../src/executor/report.ts'
import type { ProducerRequest, ProducerResult } from '../../../src/sandbox/request.ts'
import { cacheInStore } from '../../../src/store/storeUsers.ts'
import type { Locations } from '../../../src/config/locations.ts'
import type { Workspace } from '../../../src/workspace/workspace.ts'
import { objectStore, recordStore } from '../../../src/workspace/workspace.ts'
import { LIBRARY, LIBRARY_PATH } from './tools.ts'
import type { LoadedFiles } from '../../../src/fingerprint/loader.ts'
import { MEMORY_PARENT } from '../../support/temporary.ts'

/**
 * A producer of a lab: gets the request and the environment of a run, and throws to fail. Resolves with 'reported' if it
 * has put something in the place of its result.
 */
export type Produce = (
  request: ProducerRequest,
  env: Readonly<Record<string, string>>,
) => Promise<'reported' | void> | 'reported' | void

export interface LabBuild extends Partial<
  Pick<BuildOptions, 'jobs' | 'keepGoing' | 'force' | 'signal' | 'invalidation'>
> {
  readonly graph: Graph
  readonly targets: readonly string[]
  readonly produce: Produce
  readonly disk?: Disk
  /** The clock, in nanoseconds since 1970. */
  readonly now?: () => bigint
  readonly listener?: (event: BuildEvent) => void
}

const systemNow = (): bigint => BigInt(Date.now()) * 1_000_000n

/**
 * A workspace whose producers are functions of the test. Everything else is real: snapshot, plan, inputs, scheduling,
 * objects, records and publishing.
 */
export class Lab {
  readonly root = fs.realpathSync(fs.mkdtempSync(`${MEMORY_PARENT}/lbuild-lab-`))
  readonly #locations: Locations

  /** `sharedStore` is the directory of a store that several labs share; `cache` in the root then leads there. */
  constructor(sharedStore?: string) {
    const places = { root: this.root, home: '/nonexistent', output: this.path('output') }
    this.#locations =
      sharedStore === undefined
        ? { ...places, cache: this.path('cache') }
        : { ...places, cache: cacheInStore(sharedStore, this.root), sharedStore }
    if (sharedStore !== undefined) fs.symlinkSync(sharedStore, this.path('cache'))
    // Without it, the workspace does not count as a user of a shared store.
    fs.writeFileSync(this.path('build.config.ts'), '')
  }

  /** The files of this workspace in the cache. */
  get cache(): string {
    return this.#locations.cache
  }

  /** Builds with a new lbuild, which knows only the files on the disk. */
  build({
    graph,
    produce,
    disk = realDisk,
    now = systemNow,
    listener,
    ...options
  }: LabBuild): Promise<BuildReport> {
    return build(this.#open(graph, disk, now), {
      targets: options.targets,
      force: options.force ?? false,
      keepGoing: options.keepGoing ?? false,
      jobs: options.jobs ?? 2,
      wait: true,
      listener: listener ?? (() => {}),
      signal: options.signal ?? new AbortController().signal,
      code: '/nonexistent',
      processes: functionsAsProcesses(produce),
      ...(options.invalidation ? { invalidation: options.invalidation } : {}),
    })
  }

  /** Collects the store as `lbuild gc` does. */
  collect(graph: Graph, limits: Limits, disk: Disk): void {
    const workspace = this.#open(graph, disk, systemNow)
    removeCollected(workspace, planCollection(workspace, limits))
  }

  path(path: string): string {
    return `${this.root}/${path}`
  }

  end(): void {
    fs.rmSync(this.root, { recursive: true, force: true })
  }

  /** The library of a program of the workspace. Those of the host never change here. */
  #loadedBy(executable: string): LoadedFiles {
    if (!executable.startsWith(`${this.root}/`)) return { libraries: [], searched: [] }
    const searched = LIBRARY_PATH.map((directory) => this.path(directory))
    const library = searched.map((directory) => `${directory}/${LIBRARY}`).find((path) => fs.existsSync(path))
    return { libraries: library === undefined ? [] : [library], searched }
  }

  #open(graph: Graph, disk: Disk, now: () => bigint): Workspace {
    const locations = this.#locations
    const { cache } = locations
    // There is no compiled config, since a lab's producers are functions.
    const ignored = new Set<string>()
    fs.mkdirSync(`${cache}/config`, { recursive: true })
    const bundle = `${this.root}/bundle.mjs`
    fs.writeFileSync(bundle, 'no producer is taken from it')
    return {
      disk,
      locations,
      index: new StatIndex(disk, `${cache}/index`, now, ignored),
      unreportedDamage: ignored,
      objects: objectStore(disk, locations, ignored),
      records: recordStore(disk, locations, ignored),
      graph,
      bundle,
      configFiles: [],
      probes: [],
      env: process.env,
      now,
      hasSandbox: () => false,
      askLoader: (_, executable) => Promise.resolve(this.#loadedBy(executable)),
    }
  }
}

/** Runs each "process" as a call that reads its request and writes its result as a real one does. */
function functionsAsProcesses(produce: Produce): Processes {
  const running = new Set<() => void>()
  const calls: Promise<Ended>[] = []
  return {
    // A workspace of a lab has only one user.
    lock: () => Promise.resolve({ release: () => {} }),
    confinement: () => Promise.resolve({ confinement: 'none' }),
    start(command, { env, log }) {
      fs.writeFileSync(log, '')
      const request = JSON.parse(fs.readFileSync(command.at(-1)!, 'utf8')) as ProducerRequest
      let kill = (): void => {}
      const killed = new Promise<Ended>((resolve) => {
        kill = () => resolve({ code: null, signal: 'SIGKILL' })
      })
      running.add(kill)
      const call = perform(produce, request, env)
      calls.push(call)
      return { ended: Promise.race([killed, call]).finally(() => running.delete(kill)), kill }
    },
    async killAll() {
      for (const kill of running) kill()
      // A call cannot be killed, so it must end before the next build starts.
      await Promise.allSettled(calls)
    },
    close() {},
  }
}

async function perform(
  produce: Produce,
  request: ProducerRequest,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  let result: ProducerResult = { ok: true }
  try {
    if ((await produce(request, env)) === 'reported') return { code: 0, signal: null }
  } catch (error) {
    result = { ok: false, failure: { headline: (error as Error).message, facts: [] } }
  }
  // The directory of a killed run may have been removed.
  if (fs.existsSync(request.work)) fs.writeFileSync(request.result, JSON.stringify(result))
  return { code: 0, signal: null }
}
