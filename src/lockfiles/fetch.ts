// Fetches downloads into the store, each from the first of its mirrors that has it.
import { setTimeout as pause } from 'node:timers/promises'
import { Failure } from '../platform/failure.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { LockfileEntry } from '../store/lockfile.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { Received } from './receive.ts'
import { receive } from './receive.ts'

/** The files of a lockfile that the store lacks. */
export const missingFiles = (
  { objects }: Workspace,
  files: readonly LockfileEntry[],
): readonly LockfileEntry[] => files.filter((file) => !objects.has(file))

/** What fetching needs of a workspace. */
export type FetchWorkspace = Pick<Workspace, 'disk' | 'objects' | 'env'> & {
  readonly locations: Pick<Workspace['locations'], 'cache'>
}

/** How long to wait for mirrors. */
export interface Patience {
  /** After how many seconds a mirror is given up that sends too slowly; see {@link receive}. */
  readonly stallSeconds: number
  /** The pauses before each repetition in seconds, if all mirrors of a file fail. */
  readonly pauses: readonly number[]
}

const DEFAULT_PATIENCE: Patience = { stallSeconds: 30, pauses: [1, 4] }

/** How many files are fetched concurrently. */
const CONCURRENT = 8

/** How often in a row a mirror may fail before the others are preferred. */
const TOLERATED = 3

/**
 * Fetches files into the store, and checks the size and the SHA-256 of each. Tries the mirrors of a file in turn: one that
 * sends too much, too slowly or something else is treated like one that lacks the file. Throws a Failure that names the
 * files that no mirror sent; the others stay in the store. `signal` ends the fetch.
 */
export async function fetchFiles(
  workspace: FetchWorkspace,
  lockfile: string,
  files: readonly LockfileEntry[],
  mirrors: (file: LockfileEntry) => readonly string[],
  signal: AbortSignal,
  patience: Patience = DEFAULT_PATIENCE,
): Promise<void> {
  const { disk, locations } = workspace
  const directory = toRawPath(`${locations.cache}/work/fetch.${lockfile}.lock`)
  disk.mkdir(directory)
  try {
    const fetcher = new Fetcher(workspace, directory, patience)
    // Several entries may have the same content.
    const distinct = [...new Map(files.map((file) => [file.sha256, file])).values()]
    const gone: Gone[] = []
    await forEachConcurrently(distinct, signal, async (file, ended) => {
      const problems = await fetcher.fetch(file, mirrors(file), ended)
      if (problems) gone.push({ file, problems })
    })
    if (gone.length > 0) throw goneFailure(lockfile, gone)
  } finally {
    disk.removeTree(directory)
  }
}

/** What each mirror sent instead of a file. */
type Problems = ReadonlyMap<string, string>

/** A file that no mirror sent. */
interface Gone {
  readonly file: LockfileEntry
  readonly problems: Problems
}

/** Fetches single files, and prefers the mirrors that work. */
class Fetcher {
  readonly #workspace: FetchWorkspace
  readonly #directory: RawPath
  readonly #patience: Patience
  /** How often in a row each mirror has failed. */
  readonly #failures = new Map<string, number>()

  constructor(workspace: FetchWorkspace, directory: RawPath, patience: Patience) {
    this.#workspace = workspace
    this.#directory = directory
    this.#patience = patience
  }

  /** Fetches a file into the store. Returns what is wrong with each mirror if none sends the file. */
  async fetch(
    file: LockfileEntry,
    mirrors: readonly string[],
    signal: AbortSignal,
  ): Promise<Problems | undefined> {
    const problems = new Map<string, string>()
    let untried = [
      ...mirrors.filter((one) => !this.#isBad(one)),
      ...mirrors.filter((one) => this.#isBad(one)),
    ]
    for (let turn = 0; ; turn += 1) {
      const transient: string[] = []
      for (const mirror of untried) {
        const received = await this.#receive(file, mirror, signal)
        if (received.problem === undefined) return undefined
        problems.set(mirror, received.problem)
        if (received.isTransient) transient.push(mirror)
      }
      const seconds = this.#patience.pauses[turn]
      if (seconds === undefined || transient.length === 0) return problems
      await pause(seconds * 1000, undefined, { signal })
      untried = transient
    }
  }

  async #receive(file: LockfileEntry, mirror: string, signal: AbortSignal): Promise<Received> {
    const { disk, env, objects } = this.#workspace
    const path = `${this.#directory}/${file.sha256}`
    const download = { ...file, path, address: addressOf(mirror, file) }
    const received = await receive(disk, download, env, this.#patience.stallSeconds, signal)
    const isReceived = received.problem === undefined
    this.#failures.set(mirror, isReceived ? 0 : (this.#failures.get(mirror) ?? 0) + 1)
    if (isReceived) objects.adopt(path, file.sha256)
    return received
  }

  #isBad(mirror: string): boolean {
    return (this.#failures.get(mirror) ?? 0) >= TOLERATED
  }
}

/** Calls a function for each item, for several concurrently. The first error ends the other calls. */
async function forEachConcurrently<Item>(
  items: readonly Item[],
  signal: AbortSignal,
  action: (item: Item, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const failed = new AbortController()
  const either = AbortSignal.any([signal, failed.signal])
  const pending = items.values()
  const work = async (): Promise<void> => {
    for (const item of pending) await action(item, either)
  }
  const workers = Array.from({ length: CONCURRENT }, () =>
    work().catch((error: unknown) => failed.abort(error)),
  )
  await Promise.all(workers)
  failed.signal.throwIfAborted()
}

const addressOf = (mirror: string, { path }: LockfileEntry): string =>
  `${mirror.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`

/** How many files an error names. */
const NAMED = 5

function goneFailure(lockfile: string, gone: readonly Gone[]): Failure {
  const rest = gone.length > NAMED ? ` and ${gone.length - NAMED} others` : ''
  const named = gone.slice(0, NAMED)
  const lines = named.flatMap(({ file, problems }) =>
    [...problems].map(([mirror, problem]) => `${file.name}, ${mirror}: ${problem}`),
  )
  return new Failure(`cannot fetch ${gone.length} of the files of the lockfile '${lockfile}'`, {
    facts: [['files', `${named.map(({ file }) => file.name).join(', ')}${rest}`]],
    tail: lines.join('\n'),
    hint: `check the network; if the mirrors no longer have these versions, run lbuild update ${lockfile}`,
  })
}
