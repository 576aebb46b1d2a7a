import { Failure } from '../../platform/failure.ts'
import { NO_PROFILE } from '../../graph/params.ts'
import { ExecCommand } from '../../watch/execCommand.ts'
import { loadConfigInChild } from '../../watch/configLoader.ts'
import { failureData } from '../../executor/report.ts'
import type { WatchEvent, WatchListener } from '../../watch/events.ts'
import { InotifyBackend } from '../../watch/inotify.ts'
import type { MachineEvent, MachineImage } from '../../vm/runningMachine.ts'
import { remoteFileSystem } from '../../watch/pollingFallback.ts'
import { PollingBackend } from '../../watch/polling.ts'
import { Watch } from '../../watch/watch.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import type { WatchView } from '../watchScreen/lines.ts'
import { watchJson, watchLines } from '../watchScreen/lines.ts'
import type { WatchKeys } from '../watchScreen/screen.ts'
import type { Invocation, Session, WorkspaceOptions } from '../session.ts'
import { outputOf, startOf, withWords } from '../session.ts'
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

/** What a good build leads to. */
interface Followers {
  /** All targets are up to date. */
  ready(workspace: Workspace): void
  /** Starts the machine anew, where there is one. */
  restart?(): void
  stop(): Promise<unknown>
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
  const from = { start: startOf(options.directory), home, ...outputOf(options.output) }
  const profileIn = ({ graph }: Workspace): string =>
    options.profile ?? (Object.hasOwn(graph.profiles, DEV) ? DEV : NO_PROFILE)
  const withAll = (opened: Workspace): Session => withWords(opened, words, options.set, profileIn(opened))
  // The compiler would stay, and wake each second, for as long as this process lives.
  const opened = withAll(await openWorkspace({ ...from, load: loadConfigInChild(signal) }))
  const { targets, params, workspace } = opened
  if (targets.length === 0)
    throw new Failure('no target was named', { hint: 'such as: lbuild watch qcow2', exitCode: 2 })
  workspace.index.save()
  // The view, what it shows and what its keys do know each other; an event comes when all are there.
  let view: WatchView | undefined
  const listener: WatchListener = (event) => view?.listener(event)
  const quit = new AbortController()
  const followers = await followersOf(invocation, opened, options, listener)
  const watch = new Watch({
    workspace,
    targets,
    params,
    open: async (load) => withAll(await openWorkspace({ ...from, load })).workspace,
    listener,
    signal: AbortSignal.any([signal, quit.signal]),
    code,
    cancel: options.cancel,
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    backend: (changes) => new InotifyBackend(changes),
    fallback: (changes) => new PollingBackend(changes),
    remoteFileSystem,
    ready: (workspace) => followers.ready(workspace),
  })
  const { restart } = followers
  const keys: WatchKeys = {
    build: () => watch.buildNow(),
    quit: () => quit.abort(),
    graph: () => render(watch.graph, targets, 'text').split('\n'),
    ...(restart ? { restart } : {}),
  }
  view = await viewFor(options, keys)
  try {
    await watch.run()
  } finally {
    await followers.stop()
    view.close()
  }
  return 0
}

/** JSON if asked for, else a picture on a terminal that can show one, else lines. */
async function viewFor({ json }: WatchCommandOptions, keys: WatchKeys): Promise<WatchView> {
  if (json) return watchJson()
  if (!usesScreen(json)) return watchLines(process.stderr)
  const { watchScreen } = await import('../watchScreen/screen.ts')
  return watchScreen(process.stderr, process.stdin, keys)
}

function usesScreen(json = false): boolean {
  const { stdin, stderr, env } = process
  return !json && env.CI === undefined && env.TERM !== 'dumb' && stdin.isTTY && stderr.isTTY
}

/** What `--exec` and `--run` ask for. Throws a Failure (exit code 2) for what cannot be. */
async function followersOf(
  { rest = [] }: Invocation,
  { workspace, targets }: Session,
  { exec = false, run = false, window = false, json = false }: WatchCommandOptions,
  listener: WatchListener,
): Promise<Followers> {
  if (exec !== rest.length > 0)
    throw new Failure('--exec and the command behind -- belong together', {
      hint: 'such as: lbuild watch iso --exec -- cp output/levitateos.iso /mnt',
      exitCode: 2,
    })
  const { cache } = workspace.locations
  const output = usesScreen(json) ? `${cache}/watch/exec.log` : json ? 2 : 1
  const command = exec ? new ExecCommand(rest, listener, output) : undefined
  if (!run) return { ready: () => command?.start(), stop: async () => command?.stop() }
  const { RunningMachine } = await import('../../vm/runningMachine.ts')
  const [target] = targets
  imageOf(workspace, target!)
  const machine = new RunningMachine({
    console: `${cache}/watch/${target}.console`,
    window,
    listener: (event) => listener(machineEvent(event)),
  })
  return {
    ready(now) {
      command?.start()
      machine.update(builtImage(now, target!))
    },
    restart: () => machine.restart(),
    stop: () => Promise.all([command?.stop(), machine.stop()]),
  }
}

/** An event of the machine as an event of watch. */
const machineEvent = (event: MachineEvent): WatchEvent =>
  event.state === 'failed'
    ? { type: 'failed', scope: 'machine', failure: failureData(event.failure) }
    : { type: 'machine', ...event }

/** The image of a target that is up to date. */
function builtImage(workspace: Workspace, target: string): MachineImage {
  const path = imageOf(workspace, target)
  const outputs = Object.values(workspace.records.latest(target)!.outputs)
  return {
    path,
    sha256: outputs.find((output) => path === `${workspace.locations.output}/${output.path}`)!.sha256,
  }
}
