// Fetches downloads into the store with curl(1).
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as readAll } from 'node:stream/consumers'
import { toRawPath } from '../platform/rawPath.ts'
import { fileDigest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'
import type { LockfileEntry } from '../store/lockfile.ts'
import type { Environment, Workspace } from '../workspace/workspace.ts'

/** The files of a lockfile that the store lacks. */
export const missingFiles = (
  { objects }: Workspace,
  files: readonly LockfileEntry[],
): readonly LockfileEntry[] => files.filter((file) => !objects.has(file))

/**
 * Fetches files into the store and checks the SHA-256 of each. Tries the mirrors in turn. Throws a Failure that names the
 * files that no mirror has; files that arrived stay in the store. `signal` ends the fetch.
 */
export async function fetchFiles(
  workspace: Workspace,
  lock: string,
  files: readonly LockfileEntry[],
  mirrors: (file: LockfileEntry) => readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { disk, objects, locations } = workspace
  const directory = `${locations.cache}/work/fetch.${lock}.lock`
  disk.mkdir(toRawPath(directory))
  try {
    let wanted = files
    let words = ''
    for (let turn = 0; wanted.length > 0; turn += 1) {
      const addressed = wanted.flatMap((file) => {
        const mirror = mirrors(file)[turn]
        return mirror === undefined ? [] : [{ file, address: addressOf(mirror, file) }]
      })
      if (addressed.length === 0) throw goneFailure(lock, wanted, words)
      words = await download(directory, addressed, workspace.env, signal)
      const wrong: Failure[] = []
      for (const { file } of addressed)
        words += adopt(workspace, toRawPath(`${directory}/${file.sha256}`), file, wrong)
      if (wrong[0]) throw wrong[0]
      wanted = wanted.filter((file) => !objects.has(file))
    }
  } finally {
    disk.removeTree(toRawPath(directory))
  }
}

const addressOf = (mirror: string, { path }: LockfileEntry): string =>
  `${mirror.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`

/** Runs curl(1) on a list of addresses, several concurrently; resolves with its error output. */
async function download(
  directory: string,
  wanted: readonly { file: LockfileEntry; address: string }[],
  env: Environment,
  signal: AbortSignal,
): Promise<string> {
  const options = ['--fail', '--location', '--no-progress-meter', '--parallel', '--parallel-max', '8']
  const patience = ['--retry', '3', '--connect-timeout', '20', '--speed-limit', '1', '--speed-time', '60']
  const args = [...options, ...patience, '--config', '-']
  const { http_proxy, https_proxy, no_proxy } = env
  const proxies = Object.fromEntries(
    Object.entries({ http_proxy, https_proxy, no_proxy }).filter(([, value]) => value !== undefined),
  )
  const child = spawn(...withParentDeathSignal('setpriv', ['curl', ...args]), {
    cwd: directory,
    stdio: ['pipe', 'ignore', 'pipe'],
    env: { PATH: SEARCH_PATH, LC_ALL: 'C', ...proxies },
    signal,
    killSignal: 'SIGKILL',
  })
  // curl may exit before it has read its whole list; its error output says why.
  child.stdin.on('error', () => {})
  child.stdin.end(wanted.map(({ file, address }) => `url=${address}\noutput=${file.sha256}\n`).join(''))
  const [words] = await Promise.all([readAll(child.stderr), once(child, 'close')])
  return words.trim()
}

/**
 * Moves a fetched file into the store. Gives a line about an incomplete file, for example after a full disk; adds a
 * Failure to `wrong` if the file is not the one in the lockfile.
 */
function adopt({ disk, objects }: Workspace, path: string, file: LockfileEntry, wrong: Failure[]): string {
  const stat = disk.lstat(path)
  if (!stat) return ''
  if (stat.size < file.size) return `\n${file.name}: only ${stat.size} of ${file.size} bytes arrived`
  const digest = fileDigest(disk, path)
  if (digest === file.sha256) objects.adopt(path, digest)
  else
    wrong.push(
      new Failure(`'${file.name}' differs from the file that the lockfile names`, {
        facts: [
          ['expected', `sha256 ${file.sha256}, ${file.size} bytes`],
          ['fetched', `sha256 ${digest}, ${stat.size} bytes`],
        ],
        hint: 'check the mirror, or re-resolve the lockfile with lbuild update',
      }),
    )
  return ''
}

/** How many files an error names. */
const NAMED = 5

function goneFailure(lock: string, files: readonly LockfileEntry[], words: string): Failure {
  const rest = files.length > NAMED ? ` and ${files.length - NAMED} others` : ''
  return new Failure(`cannot fetch ${files.length} of the files of the lockfile '${lock}'`, {
    facts: [
      [
        'files',
        `${files
          .slice(0, NAMED)
          .map(({ name }) => name)
          .join(', ')}${rest}`,
      ],
    ],
    tail: words.split('\n').slice(0, NAMED).join('\n'),
    hint: `check the network and the disk; if the mirror no longer has these versions, run lbuild update ${lock}`,
  })
}
