// `lbuild watch TARGET…`: keeps targets fresh until it is interrupted.
import { sandboxProbe } from '../../sandbox/confinement.ts'
import { failureData } from '../../platform/failureData.ts'
import { NO_PROFILE } from '../../graph/params.ts'
import { Failure } from '../../platform/failure.ts'
import type { MachineEvent, MachineImage } from '../../vm/runningMachine.ts'
import type { WatchEvent, WatchListener } from '../../watch/events.ts'
import { ExecCommand } from '../../watch/execCommand.ts'
import { InotifyBackend } from '../../watch/inotify.ts'
import { PollingBackend } from '../../watch/polling.ts'
import { remoteFileSystem } from '../../watch/pollingReason.ts'
import { Watch } from '../../watch/watch.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { imageOf } from '../bootableImage.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { wholeNumber, targetCommand } from '../command.ts'
import { LOCKED_HELP, lockedBy } from '../lockedOption.ts'
import type { Invocation } from '../invocation.ts'
import type { LivePage } from '../livePage.ts'
import { typedArguments } from '../invocation.ts'
import { graphText } from '../render/graphText.ts'
import type { Selection } from '../selection.ts'
import { directoriesOf, selectionFrom } from '../selection.ts'
import type { WatchView } from '../watchScreen/lines.ts'
import { watchJson, watchLines } from '../watchScreen/lines.ts'
import type { WatchKeys } from '../watchScreen/screen.ts'

const declare = () =>
  targetCommand('watch', 'dev, if build.config.ts defines it; --profile none applies none')
    .description('Build targets, then rebuild them after every change of a source file')
    .usage(
      '[options] <targets...>\n       lbuild watch [options] <targets...> --exec -- <command> [arguments...]',
    )
    .argument('<targets...>', 'the artifacts to build')
    .option(
      '-j, --jobs <n>',
      'run at most this many producers at once (default: the number of CPUs)',
      wholeNumber,
    )
    .option('--locked', LOCKED_HELP.locked)
    .option('--no-locked', LOCKED_HELP.noLocked)
    .option('--no-cancel', 'after an edit, let running producers finish even if they read the edited files')
    .option('--exec', 'after each successful build, run the command that is given after --')
    .option(
      '--run',
      'boot the image of the first target in QEMU, and reboot it after each build that changes it; changes to the disk are discarded',
    )
    .option('--window', 'with --run: open a graphical window')
    .option('--ui', 'serve a live page of the builds to browsers on this host, and print its address')
    .option('--json', 'print one JSON event per line (docs/watch.md)')

type WatchOptions = OptionsOf<typeof declare>

/** What follows a successful build. */
interface Followers {
  /** All targets are fresh. */
  ready(workspace: Workspace): void
  /** Restarts the machine, if there is one. */
  restart?(): void
  stop(): Promise<unknown>
}

/** The profile that watch applies by default, if the config defines it. */
const DEV = 'dev'

export const command = (context: CommandContext) =>
  declare().action(async (words, options) => {
    await watch(context, words, options)
    context.exit(0)
  })

async function watch(
  { invocation, signal }: CommandContext,
  words: readonly string[],
  options: WatchOptions,
): Promise<void> {
  const { home, code } = invocation
  const from = { home, hasSandbox: sandboxProbe(), ...directoriesOf(options) }
  const select = (opened: Workspace): Selection => {
    const profile = options.profile ?? (Object.hasOwn(opened.graph.profiles, DEV) ? DEV : NO_PROFILE)
    return selectionFrom(opened, words, { ...options, profile })
  }
  const selection = select(await openWorkspace({ ...from, evaluation: { signal } }))
  const { targets, params, workspace } = selection
  if (targets.length === 0)
    throw new Failure('no target named', { hint: 'name targets, such as: lbuild watch qcow2', exitCode: 2 })
  workspace.index.save()
  // The view needs `watching`, and `watching` needs a listener that calls the view. So the listener reads `view` when an
  // event arrives; the first event arrives after both exist. The page comes last, so that it is closed in any case.
  let view: WatchView | undefined
  let page: LivePage | undefined
  const listener: WatchListener = (event) => {
    view?.listener(event)
    page?.listener(event)
  }
  const quit = new AbortController()
  const followers = await followersOf(invocation, selection, options, listener)
  const watching = new Watch({
    workspace,
    targets,
    command: typedArguments(invocation),
    params,
    open: async (evaluation) => select(await openWorkspace({ ...from, evaluation })).workspace,
    listener,
    signal: AbortSignal.any([signal, quit.signal]),
    code,
    cancel: options.cancel,
    ...lockedBy(options.locked),
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    backend: (changes) => new InotifyBackend(changes),
    fallback: (changes) => new PollingBackend(changes),
    remoteFileSystem,
    ready: (now) => followers.ready(now),
  })
  const { restart } = followers
  view = await viewFor(options, {
    build: () => watching.buildNow(),
    quit: () => quit.abort(),
    graph: () => graphText(watching.graph, targets, 'text').split('\n'),
    ...(restart ? { restart } : {}),
  })
  try {
    if (options.ui) {
      const { livePage } = await import('../livePage.ts')
      page = await livePage(workspace.locations, code)
      listener({ type: 'serving', url: page.url })
    }
    await watching.run()
  } finally {
    await page?.close()
    await followers.stop()
    view.close()
  }
}

/** JSON if requested, else a screen on an interactive terminal, else lines. */
async function viewFor({ json }: WatchOptions, keys: WatchKeys): Promise<WatchView> {
  if (json) return watchJson()
  if (!usesScreen(json)) return watchLines(process.stderr)
  const { watchScreen } = await import('../watchScreen/screen.ts')
  return watchScreen(process.stderr, process.stdin, keys)
}

function usesScreen(json: boolean | undefined): boolean {
  const { stdin, stderr, env } = process
  return !json && env.CI === undefined && env.TERM !== 'dumb' && stdin.isTTY && stderr.isTTY
}

/** What `--exec` and `--run` request. Throws a Failure (exit code 2) for an invalid combination. */
async function followersOf(
  { execCommand = [] }: Invocation,
  { workspace, targets }: Selection,
  { exec, run, window, json }: WatchOptions,
  listener: WatchListener,
): Promise<Followers> {
  if ((exec ?? false) !== execCommand.length > 0)
    throw new Failure(exec ? '--exec needs a command after --' : 'a command after -- needs --exec', {
      hint: 'write, for example: lbuild watch iso --exec -- cp output/my.iso /mnt',
      exitCode: 2,
    })
  const { cache } = workspace.locations
  const output = usesScreen(json) ? `${cache}/watch/exec.log` : json ? 2 : 1
  const command = exec ? new ExecCommand(execCommand, listener, output) : undefined
  if (!run) return { ready: () => command?.start(), stop: async () => command?.stop() }
  const { RunningMachine } = await import('../../vm/runningMachine.ts')
  const [target = ''] = targets
  imageOf(workspace, target)
  const machine = new RunningMachine({
    console: `${cache}/watch/${target}.console`,
    window: window ?? false,
    listener: (event) => listener(machineEvent(event)),
  })
  return {
    ready(now) {
      command?.start()
      machine.update(builtImage(now, target))
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

/** The image of a target that is fresh. */
function builtImage(workspace: Workspace, target: string): MachineImage {
  const path = imageOf(workspace, target)
  const outputs = Object.values(workspace.records.latest(target)?.outputs ?? {})
  const image = outputs.find((output) => path === `${workspace.locations.output}/${output.path}`)
  if (image === undefined) throw new Error(`'${target}' is ready, but has no record of its image`)
  return { path, sha256: image.sha256 }
}
