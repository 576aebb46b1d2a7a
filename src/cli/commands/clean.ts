// `lbuild clean`: removes outputs and work directories; with `--all` the store and the records, too.
import type { Locations } from '../../config/locations.ts'
import { shownOutput, storeOf } from '../../config/locations.ts'
import { noConfig } from '../../config/load.ts'
import { removeWork } from '../../sandbox/workDirectory.ts'
import { toRawPath } from '../../platform/rawPath.ts'
import { realDisk } from '../../platform/disk.ts'
import { Failure } from '../../platform/failure.ts'
import { unpublish } from '../../store/publish.ts'
import type { StoreUser } from '../../store/storeUsers.ts'
import { storeUsers } from '../../store/storeUsers.ts'
import { locationsFor, objectStore, recordStore } from '../../workspace/workspace.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { OUTPUT_OPTION, workspaceCommand } from '../command.ts'
import { counted } from '../../platform/units.ts'
import { print } from '../render/print.ts'
import { directoriesOf } from '../selection.ts'
import { withWorkspaceLock } from '../workspaceLock.ts'

const declare = () =>
  workspaceCommand('clean')
    .description(
      'Remove published outputs and the temporary directories of producers, but not outputs that were modified after the build',
    )
    .option(
      '--all',
      'also remove the store and the logs of past builds, which history shows; the next build downloads and builds everything again',
    )
    .option('--yes', 'do not ask for confirmation')
    .addOption(OUTPUT_OPTION)

export const command = (context: CommandContext) =>
  declare().action(async (options) => context.exit(await clean(context, options)))

async function clean(
  { invocation: { home }, signal }: CommandContext,
  options: OptionsOf<typeof declare>,
): Promise<number> {
  const locations = locationsFor(realDisk, { home, ...directoriesOf(options) })
  const { all, yes } = options
  const { root, cache } = locations
  if (!realDisk.lstat(toRawPath(`${root}/build.config.ts`))) throw noConfig(root)
  if (all && !yes && !(await isConfirmed(signal))) return 1
  const mode = all ? 'exclusive' : 'shared'
  await withWorkspaceLock({ disk: realDisk, locations }, { wait: true, mode }, undefined, () => {
    removeOutputs(locations)
    removeWork(realDisk, `${cache}/work`)
    if (all) removeAll(locations)
    else print('removed outputs and work directories\n')
  })
  return 0
}

/** Removes the store and everything that a workspace has in its cache. A store that other workspaces use stays. */
function removeAll(locations: Locations): void {
  const store = storeOf(locations)
  const others = storeUsers(realDisk, store).living.filter((user) => user.root !== locations.root)
  const own = ['records', 'index', 'log', 'config', 'workspace.json'].map(
    (part) => `${locations.cache}/${part}`,
  )
  if (others.length === 0) {
    for (const path of [...own, `${store}/objects`, `${store}/records`]) removeWork(realDisk, path)
    print('removed outputs, work directories, the store and the event logs\n')
  } else if (locations.sharedStore === undefined) {
    throw inUse(others)
  } else {
    for (const path of own) removeWork(realDisk, path)
    const users = counted(others.length, 'other workspace')
    print(
      `removed outputs, work directories and the event logs; the store stays, because ${users} use${others.length === 1 ? 's' : ''} it\n`,
    )
  }
}

const inUse = (others: readonly StoreUser[]): Failure =>
  new Failure('the store in cache/ is also used by other workspaces', {
    facts: others.map(({ root }) => ['workspace', root] as const),
    hint: 'run lbuild gc, which removes what no workspace needs',
  })

/** Removes published outputs that the store holds. A changed output stays, because nothing else holds its content. */
function removeOutputs(locations: Locations): void {
  const objects = objectStore(realDisk, locations)
  for (const { outputs } of recordStore(realDisk, locations).allLatest())
    for (const { path, published } of Object.values(outputs)) {
      const place = toRawPath(`${locations.output}/${path}`)
      if (published && !unpublish(realDisk, objects, place))
        process.stderr.write(
          `preserved ${shownOutput(locations, path)}: it was modified after it was built\n`,
        )
    }
}

async function isConfirmed(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new Failure('clean --all asks for confirmation, which needs a terminal', {
      hint: 'add --yes to remove the store and the event logs without confirmation',
      exitCode: 2,
    })
  const { createInterface } = await import('node:readline/promises')
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  // A terminal in raw mode sends Ctrl-C to readline only.
  terminal.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    const question =
      'Remove the store and the event logs? The next build downloads and builds everything again. [y/N] '
    return /^y(es)?$/i.test((await terminal.question(question, { signal })).trim())
  } finally {
    terminal.close()
  }
}
