import { Failure } from '../../host/failure.ts'
import { InotifyBackend } from '../../watch/inotify.ts'
import { remoteFileSystem } from '../../watch/network.ts'
import { ScanBackend } from '../../watch/scan.ts'
import { Watch } from '../../watch/watch.ts'
import { openWorkspace } from '../../workspace/workspace.ts'
import { watchJson, watchLines } from '../watchLines.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { startOf, withWords } from '../session.ts'

export interface WatchCommandOptions extends WorkspaceOptions {
  readonly jobs?: number
  readonly json?: boolean
  /** False for `--no-cancel`. */
  readonly cancel: boolean
}

/** `lbuild watch TARGET…`: keeps targets up to date until it is interrupted; gives the exit code. */
export async function watchCommand(
  { home, code }: Invocation,
  words: readonly string[],
  options: WatchCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const start = startOf(options.directory)
  const plain = await openWorkspace({ start, home })
  const { targets } = withWords(plain, words, options.set)
  if (targets.length === 0)
    throw new Failure('no target was named', { hint: 'such as: lbuild watch qcow2', exitCode: 2 })
  plain.index.save()
  const { listener, close } = options.json ? watchJson() : watchLines(process.stderr)
  const watch = new Watch({
    targets,
    open: async (load) => withWords(await openWorkspace({ start, home, load }), words, options.set).workspace,
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
