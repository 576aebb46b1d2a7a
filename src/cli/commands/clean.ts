import { print } from '../render/print.ts'
import { toBytes } from '../../platform/bytes.ts'
import { realDisk } from '../../platform/disk.ts'
import { removeWork } from '../../sandbox/workDirectory.ts'
import { lockWorkspace } from '../../store/workspaceLock.ts'
import type { Locations } from '../../config/locations.ts'
import { shownOutput } from '../../config/locations.ts'
import { locationsFor } from '../../workspace/workspace.ts'
import { fileDigest } from '../../platform/digest.ts'
import { ObjectStore } from '../../store/objects.ts'
import { RecordStore } from '../../store/records.ts'
import type { Invocation } from '../session.ts'
import { outputOf, startOf } from '../session.ts'
import { Failure } from '../../platform/failure.ts'
import { noConfig } from '../../config/load.ts'
import { WAITING } from '../render/progress.ts'

export interface CleanOptions {
  readonly directory?: string
  readonly output?: string
  readonly all?: boolean
  readonly yes?: boolean
}

/** `lbuild clean`: removes outputs and work directories; with `--all` the store and the records, too. */
export async function cleanCommand({ home }: Invocation, options: CleanOptions): Promise<number> {
  const { directory, output } = options
  const locations = locationsFor(realDisk, { start: startOf(directory), home, ...outputOf(output) })
  const { root, cache } = locations
  if (!realDisk.lstat(toBytes(`${root}/build.config.ts`))) throw noConfig(root)
  if (options.all && !options.yes && !(await confirmed())) return 1
  const lock = await lockWorkspace(realDisk, `${cache}/lock`, true, () =>
    process.stderr.write(`${WAITING}\n`),
  )
  try {
    removeOutputs(locations)
    const parts = options.all ? ['work', 'objects', 'records', 'index', 'log', 'config'] : ['work']
    for (const part of parts) removeWork(realDisk, `${cache}/${part}`)
  } finally {
    lock.release()
  }
  print(options.all ? 'removed outputs, work, store and records\n' : 'removed outputs and work\n')
  return 0
}

/** Removes what was published and is in the store. A file that was changed since is in no store: it stays. */
function removeOutputs(locations: Locations): void {
  const { cache } = locations
  const objects = new ObjectStore(realDisk, toBytes(`${cache}/objects`))
  for (const { outputs } of new RecordStore(realDisk, toBytes(`${cache}/records`)).allLatest())
    for (const { path, published } of Object.values(outputs)) {
      const place = toBytes(`${locations.output}/${path}`)
      const stat = published ? realDisk.lstat(place) : undefined
      if (stat?.type !== 'file') continue
      if (objects.has({ sha256: fileDigest(realDisk, place), size: stat.size })) realDisk.unlink(place)
      else process.stderr.write(`left ${shownOutput(locations, path)}: it was changed since it was built\n`)
    }
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new Failure('clean --all removes everything that was ever built', {
      hint: 'add --yes',
      exitCode: 2,
    })
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await terminal.question(
    'Remove the store and all records, so that everything is built anew? [y/N] ',
  )
  terminal.close()
  return /^y(es)?$/i.test(answer.trim())
}
