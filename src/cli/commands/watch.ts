import { Failure } from '../../host/failure.ts'
import { NO_PROFILE } from '../../graph/params.ts'
import { AfterBuild } from '../../watch/command.ts'
import type { WatchListener } from '../../watch/events.ts'
import { InotifyBackend } from '../../watch/inotify.ts'
import { remoteFileSystem } from '../../watch/trust.ts'
import { ScanBackend } from '../../watch/scan.ts'
import { Watch } from '../../watch/watch.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import type { WatchView } from '../watchLines.ts'
import { watchJson, watchLines } from '../watchLines.ts'
import type { WatchKeys } from '../watchScreen.ts'
import type { Invocation, Session, WorkspaceOptions } from '../session.ts'
import { startOf, withWords } from '../session.ts'
import { imageOf } from './boot.ts'
import { render } from './graph.ts'

export interface WatchCommandOptions extends WorkspaceOptions {
  readonly jobs?: number
  readonly json?: boolean
  /** False for `--no-cancel`. */
  readonly cancel: boolean
  readonly exec?: boolean
  readonly run?: boolean
  readonly window?: boolean
}

/** Something that is started after each good build. */
interface Started {
  start(): void
  stop(): Promise<void>
}

/** The profile that watch takes unless another one is named. */
const DEV = 'dev'

/** `lbuild watch TARGET…`: keeps targets up to date until it is interrupted; gives the exit code. */
export async function watchCommand(
  invocation: Invocation,
  words: readonly string[],
  options: WatchCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const { home, code } = invocation
  const start = startOf(options.directory)
  const profileIn = ({ graph }: Workspace): string =>
    options.profile ?? (Object.hasOwn(graph.profiles, DEV) ? DEV : NO_PROFILE)
  const withAll = (opened: Workspace): Session => withWords(opened, words, options.set, profileIn(opened))
  const opened = withAll(await openWorkspace({ start, home }))
  const { targets, params, workspace } = opened
  if (targets.length === 0)
    throw new Failure('no target was named', { hint: 'such as: lbuild watch qcow2', exitCode: 2 })
  workspace.index.save()
  // The view, what it shows and what its keys do know each other; an event comes when all are there.
  let view: WatchView | undefined
  const listener: WatchListener = (event) => view?.listener(event)
  const quit = new AbortController()
  const started = await startedBy(invocation, opened, options, listener)
  const watch = new Watch({
    targets,
    params,
    open: async (load) => withAll(await openWorkspace({ start, home, load })).workspace,
    listener,
    signal: AbortSignal.any([signal, quit.signal]),
    code,
    cancel: options.cancel,
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    backend: (hints) => new InotifyBackend(hints),
    fallback: (hints) => new ScanBackend(hints),
    distrust: remoteFileSystem,
    ready: () => started.forEach((one) => one.start()),
  })
  const machine = options.run ? started.at(-1) : undefined
  const keys: WatchKeys = {
    build: () => watch.buildNow(),
    quit: () => quit.abort(),
    graph: () => (watch.graph ? render(watch.graph, targets, 'text').split('\n') : []),
    ...(machine ? { restart: () => machine.start() } : {}),
  }
  view = await viewFor(options, keys)
  try {
    await watch.run()
  } finally {
    await Promise.all(started.map((one) => one.stop()))
    view.close()
  }
  return 0
}

/** JSON if asked for, else a picture on a terminal that can show one, else lines. */
async function viewFor({ json }: WatchCommandOptions, keys: WatchKeys): Promise<WatchView> {
  if (json) return watchJson()
  if (!usesScreen(json)) return watchLines(process.stderr)
  const { watchScreen } = await import('../watchScreen.ts')
  return watchScreen(process.stderr, process.stdin, keys)
}

function usesScreen(json = false): boolean {
  const { stdin, stderr, env } = process
  return !json && env.CI === undefined && env.TERM !== 'dumb' && stdin.isTTY && stderr.isTTY
}

/** What a good build is to start. Throws a Failure (exit code 2) for what cannot be. */
async function startedBy(
  { rest = [] }: Invocation,
  { workspace, targets }: Session,
  { exec = false, run = false, window = false, json = false }: WatchCommandOptions,
  listener: WatchListener,
): Promise<readonly Started[]> {
  if (exec !== rest.length > 0)
    throw new Failure('--exec and the command behind -- belong together', {
      hint: 'such as: lbuild watch iso --exec -- cp output/levitateos.iso /mnt',
      exitCode: 2,
    })
  const output = usesScreen(json) ? `${workspace.places.cache}/watch/exec.log` : json ? 2 : 1
  const started: Started[] = exec ? [new AfterBuild(rest, listener, output)] : []
  if (!run) return started
  const { RunningMachine } = await import('../../watch/machine.ts')
  const image = imageOf(workspace, targets[0]!)
  const console = `${workspace.places.cache}/watch/${targets[0]}.console`
  return [...started, new RunningMachine({ image }, console, window, listener)]
}
