import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text as readAll } from 'node:stream/consumers'
import { toBytes } from '../platform/bytes.ts'
import { fileDigest } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'
import type { LockfileEntry } from '../store/lockfile.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** The files of a lock that the store lacks. */
export const missingFiles = (
  { objects }: Workspace,
  files: readonly LockfileEntry[],
): readonly LockfileEntry[] => files.filter((file) => !objects.has(file))

/**
 * Fetches files into the store, each checked against its SHA-256. Mirrors are tried in turn; a file that no mirror has
 * is a Failure that names it, and what did arrive is kept.
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
  disk.mkdir(toBytes(directory))
  try {
    let wanted = files
    let words = ''
    for (let turn = 0; wanted.length > 0; turn += 1) {
      const addressed = wanted.flatMap((file) => {
        const mirror = mirrors(file)[turn]
        return mirror === undefined ? [] : [{ file, address: addressOf(mirror, file) }]
      })
      if (addressed.length === 0) throw goneFailure(lock, wanted, words)
      words = await download(directory, addressed, signal)
      const wrong: Failure[] = []
      for (const { file } of addressed)
        words += adopt(workspace, toBytes(`${directory}/${file.sha256}`), file, wrong)
      if (wrong[0]) throw wrong[0]
      wanted = wanted.filter((file) => !objects.has(file))
    }
  } finally {
    disk.removeTree(toBytes(directory))
  }
}

const addressOf = (mirror: string, { path }: LockfileEntry): string =>
  `${mirror.replace(/\/+$/, '')}/${path.split('/').map(encodeURIComponent).join('/')}`

/** Runs curl(1) over a list of addresses, several at a time; what it says of those that fail comes back. */
async function download(
  directory: string,
  wanted: readonly { file: LockfileEntry; address: string }[],
  signal: AbortSignal,
): Promise<string> {
  const options = ['--fail', '--location', '--no-progress-meter', '--parallel', '--parallel-max', '8']
  const patience = ['--retry', '3', '--connect-timeout', '20', '--speed-limit', '1', '--speed-time', '60']
  const args = [...options, ...patience, '--config', '-']
  const { http_proxy, https_proxy, no_proxy } = process.env
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
  // curl may end before it has read all of its list; its own words say why.
  child.stdin.on('error', () => {})
  child.stdin.end(wanted.map(({ file, address }) => `url=${address}\noutput=${file.sha256}\n`).join(''))
  const [words] = await Promise.all([readAll(child.stderr), once(child, 'close')])
  return words.trim()
}

/**
 * Takes a fetched file into the store. One that is not whole, as after a full disk, is told about and left; one that is
 * another file is added to `wrong`.
 */
function adopt({ disk, objects }: Workspace, path: string, file: LockfileEntry, wrong: Failure[]): string {
  const stat = disk.lstat(path)
  if (!stat) return ''
  if (stat.size < file.size) return `\n${file.name}: only ${stat.size} of ${file.size} bytes arrived`
  const digest = fileDigest(disk, path)
  if (digest === file.sha256) objects.adopt(path, digest)
  else
    wrong.push(
      new Failure(`${file.name} is not the file that the lock names`, {
        facts: [
          ['expected', `sha256 ${file.sha256}, ${file.size} bytes`],
          ['fetched', `sha256 ${digest}, ${stat.size} bytes`],
        ],
        hint: 'the mirror or the lock is wrong; lbuild update resolves the lock anew',
      }),
    )
  return ''
}

/** How many names a message lists. */
const NAMED = 5

function goneFailure(lock: string, files: readonly LockfileEntry[], words: string): Failure {
  const rest = files.length > NAMED ? ` and ${files.length - NAMED} others` : ''
  return new Failure(`cannot fetch ${files.length} of the files that the lock '${lock}' names`, {
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
    hint: `if these versions have left the mirror, 'lbuild update ${lock}' resolves new ones; otherwise check the network and the disk`,
  })
}
