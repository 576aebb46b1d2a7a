// Runs tools that only inspect files, confined by bwrap(1).
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import type { ContentRun } from './imageContents.ts'

const OPTIONS = '--die-with-parent --unshare-pid --unshare-net --ro-bind / / --dev /dev --proc /proc'.split(
  ' ',
)

/**
 * The words to put before a command that may only look: it sees the host read-only, has no network, and dies with its
 * parent.
 */
export const READ_ONLY_SANDBOX: readonly string[] = ['bwrap', ...OPTIONS]

/**
 * Runs tools on images, whose content is not trusted: in {@link READ_ONLY_SANDBOX}, with write access below `scratch`
 * only. Users other than root become root in a user namespace, so that a tool can restore owners. Throws a Failure if a
 * tool fails.
 */
export function sandboxedTools(scratch: string): ContentRun {
  const isRoot = process.geteuid?.() === 0
  const binds = ['--bind', scratch, scratch, '--chdir', scratch, '--']
  return async (tool, args, { env } = {}) => {
    const { execa } = await import('execa')
    const words = [...OPTIONS, ...binds, tool, ...args]
    const asRoot = ['--map-root-user', '--map-auto', '--', 'bwrap', ...words]
    const { stdout, stderr, failed, shortMessage } = await execa(
      isRoot ? 'bwrap' : 'unshare',
      isRoot ? words : asRoot,
      {
        env: { PATH: SEARCH_PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: '/nonexistent', ...env },
        extendEnv: false,
        stdin: 'ignore',
        reject: false,
        stripFinalNewline: false,
      },
    )
    if (!failed) return { stdout, stderr }
    throw new Failure(`cannot read the image: ${tool} failed`, {
      tail: stderr.trim() || (shortMessage ?? ''),
      hint: `run lbuild doctor --install --with ${tool} if it is missing`,
    })
  }
}
