// Runs `lbuild watch` and follows its events.
import type { ChildProcess } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import type { WatchEvent } from '../../src/watch/events.ts'
import { builtOnce, TINY, TINY_TARGETS } from './tiny.ts'
import type { Ended, TestWorkspace } from './workspace.ts'

/** {@link TINY} with one more artifact, `stamp`. A build of it shows that watch has seen all earlier changes. */
export const WATCHED: Readonly<Record<string, string>> = {
  ...TINY,
  'artifacts/stamp.ts': `import { copyFileSync } from 'node:fs'
import { artifact, file } from 'lbuild'

export const stamp = artifact('stamp', {
  inputs: { stamp: file('stamp') },
  outputs: { stamp: 'stamp' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.stamp, outputs.stamp),
})
`,
  'build.config.ts': TINY['build.config.ts']!.replace(
    'export default',
    "import { stamp } from './artifacts/stamp.ts'\nexport default",
  ).replace('artifacts: [', 'artifacts: [stamp, '),
  stamp: '0',
}

export const WATCHED_TARGETS = [...TINY_TARGETS, 'stamp']

/** Builds {@link WATCHED} before the tests of a file; the result gives each test its own copy. */
export const builtWatched = (): (() => TestWorkspace) => builtOnce('watched', WATCHED, WATCHED_TARGETS)

/** Follows `lbuild watch --json` by its events, never by a clock. */
export class Watching {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  readonly events: WatchEvent[] = []
  readonly #workspace: TestWorkspace
  readonly #waiting = new Set<() => void>()
  #stamp = 0
  #over: Ended | undefined

  constructor(workspace: TestWorkspace, targets: readonly string[], args: readonly string[]) {
    this.#workspace = workspace
    const { child, ended } = workspace.start('watch', ...targets, '--json', ...args)
    this.child = child
    this.ended = ended
    onTestFinished(async () => {
      child.kill('SIGKILL')
      await ended
    })
    createInterface(child.stdout!).on('line', (line) => {
      this.events.push(JSON.parse(line) as WatchEvent)
      this.#wake()
    })
    void ended.then((over) => {
      this.#over = over
      this.#wake()
    })
  }

  /** Starts watching {@link WATCHED}. */
  static start(workspace: TestWorkspace, ...args: readonly string[]): Watching {
    return new Watching(workspace, WATCHED_TARGETS, args)
  }

  /** Starts watching; resolves when no later edit can be missed. */
  static async of(workspace: TestWorkspace, ...args: readonly string[]): Promise<Watching> {
    const watching = Watching.start(workspace, ...args)
    await watching.next('idle')
    return watching
  }

  /** The first fitting event of a type after a position. */
  async next<T extends WatchEvent['type']>(
    type: T,
    from = 0,
    fits: (event: Extract<WatchEvent, { type: T }>) => boolean = () => true,
  ): Promise<Extract<WatchEvent, { type: T }>> {
    for (;;) {
      const found = this.events
        .slice(from)
        .find((event) => event.type === type && fits(event as Extract<WatchEvent, { type: T }>))
      if (found) return found as Extract<WatchEvent, { type: T }>
      if (this.#over)
        throw new Error(`watch ended with ${this.#over.code}:\n${this.#over.stderr}\n${this.#over.stdout}`)
      await new Promise<void>((resolve) => this.#waiting.add(resolve))
    }
  }

  /** Acts, waits until watch has seen all of it, and gives what watch did. */
  async after(act: () => void | Promise<void>): Promise<{
    readonly events: readonly WatchEvent[]
    /** The artifacts that ran, in order, and those that were restored. */
    readonly ran: readonly string[]
    readonly restored: readonly string[]
    readonly builds: number
  }> {
    const from = this.events.length
    await act()
    this.#stamp += 1
    this.#workspace.write('stamp', String(this.#stamp))
    const isStamped = (event: WatchEvent): boolean =>
      event.type === 'built' && [...event.ran, ...event.restored].includes('stamp')
    await this.next('built', from, isStamped)
    await this.next(
      'idle',
      this.events.findIndex((event, at) => at >= from && isStamped(event)),
    )
    const events = this.events.slice(from)
    const names = (type: 'built' | 'restored'): string[] =>
      events.flatMap((event) =>
        event.type === 'build' && event.event.type === type && event.event.artifact !== 'stamp'
          ? [event.event.artifact]
          : [],
      )
    const builds = events.filter(({ type }) => type === 'building').length
    return { events, ran: names('built').sort(), restored: names('restored').sort(), builds }
  }

  #wake(): void {
    for (const resolve of this.#waiting) resolve()
    this.#waiting.clear()
  }
}

/** The artifacts of the build events of a type. */
export const artifactsOf = (
  events: readonly WatchEvent[],
  type: 'running' | 'built' | 'cancelled' | 'failed',
): string[] =>
  events.flatMap((event) =>
    event.type === 'build' && event.event.type === type ? [event.event.artifact] : [],
  )

/** The first build event of a type and an artifact after a position. */
export const nextBuildEvent = (
  watching: Watching,
  type: string,
  artifact: string,
  from: number,
): Promise<WatchEvent> =>
  watching.next(
    'build',
    from,
    ({ event }) => event.type === type && 'artifact' in event && event.artifact === artifact,
  )

/** Every published file as it is, and as a clean build of the same sources makes it. */
export async function published(
  workspace: TestWorkspace,
): Promise<{ found: Record<string, string>; clean: Record<string, string> }> {
  const clean = workspace.copyOfSources()
  await clean.succeed(...WATCHED_TARGETS)
  return { found: outputs(workspace), clean: outputs(clean) }
}

const outputs = (workspace: TestWorkspace): Record<string, string> =>
  Object.fromEntries(
    readdirSync(workspace.path('output'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => `${entry.parentPath}/${entry.name}`.slice(workspace.path('output/').length))
      .sort()
      .map((path) => [path, workspace.bytes(`output/${path}`).toString('hex')]),
  )
