import { Failure } from '../../host/failure.ts'
import { InotifyBackend } from '../../watch/inotify.ts'
import { remoteFileSystem } from '../../watch/network.ts'
import { ScanBackend } from '../../watch/scan.ts'
import { Watch } from '../../watch/watch.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { watchJson, watchLines } from '../watchLines.ts'
import { NO_PROFILE } from '../../graph/params.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { Invocation, Session, WorkspaceOptions } from '../session.ts'
import { startOf, withWords } from '../session.ts'

export interface WatchCommandOptions extends WorkspaceOptions {
  readonly jobs?: number
  readonly json?: boolean
  /** False for `--no-cancel`. */
  readonly cancel: boolean
}

/** The profile that watch takes unless another one is named. */
const DEV = 'dev'

/** `lbuild watch TARGET…`: keeps targets up to date until it is interrupted; gives the exit code. */
export async function watchCommand(
  { home, code }: Invocation,
  words: readonly string[],
  options: WatchCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const start = startOf(options.directory)
  const plain = await openWorkspace({ start, home })
  const profileIn = ({ graph }: Workspace): string =>
    options.profile ?? (Object.hasOwn(graph.profiles, DEV) ? DEV : NO_PROFILE)
  const withAll = (opened: Workspace): Session => withWords(opened, words, options.set, profileIn(opened))
  const { targets, params } = withAll(plain)
  if (targets.length === 0)
    throw new Failure('no target was named', { hint: 'such as: lbuild watch qcow2', exitCode: 2 })
  plain.index.save()
  const { listener, close } = options.json ? watchJson() : watchLines(process.stderr)
  const watch = new Watch({
    targets,
    params,
    open: async (load) => withAll(await openWorkspace({ start, home, load })).workspace,
    listener,
    signal,
    code,
    cancel: options.cancel,
    ...(options.jobs === undefined ? {} : { jobs: options.jobs }),
    backend: (hints) => new InotifyBackend(hints),
    fallback: (hints) => new ScanBackend(hints),
    distrust: remoteFileSystem,
  })
  try {
    await watch.run()
  } finally {
    close()
  }
  return 0
}
