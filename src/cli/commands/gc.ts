// `lbuild gc`: removes old records and unreferenced objects from the store.
import type { Collection, LooseFile } from '../../executor/garbageCollection.ts'
import { collectedShares, planCollection, removeCollected } from '../../executor/garbageCollection.ts'
import { display, fromRawPath } from '../../platform/rawPath.ts'
import type { Limits } from '../../store/retention.ts'
import type { CommandContext, OptionsOf } from '../command.ts'
import { size, wholeNumber, workspaceCommand } from '../command.ts'
import { bytes, counted } from '../../platform/units.ts'
import { print, printDocument } from '../render/print.ts'
import { openSelection } from '../selection.ts'
import { withWorkspaceLock } from '../workspaceLock.ts'

const declare = () =>
  workspaceCommand('gc')
    .description('Remove the records of old producer runs from the store, and the files that only they need')
    .option('-n, --dry-run', 'show what would be removed, and remove nothing')
    .option(
      '--keep <n>',
      'retain the newest n records of each artifact (default: store.keep of build.config.ts, or 10)',
      wholeNumber,
    )
    .option(
      '--max-size <size>',
      'the size limit, such as 512M or 20G (powers of 1024): while the store is larger, also remove records that --keep retains, oldest first, but never those of published outputs (default: store.maxSize of build.config.ts, or 20G)',
      size,
    )
    .option('--no-wait', 'fail instead of waiting if another lbuild process works in this workspace')
    .option('--json', 'print one JSON document (docs/json.md)')

type GcOptions = OptionsOf<typeof declare>

export const command = (context: CommandContext) =>
  declare().action(async (options) => {
    await gc(context, options)
    context.exit(0)
  })

async function gc({ invocation, signal }: CommandContext, options: GcOptions): Promise<void> {
  const { workspace } = await openSelection(invocation, [], options)
  const { store } = workspace.graph
  const limits: Limits = { keep: options.keep ?? store.keep, maxSize: options.maxSize ?? store.maxSize }
  const collection = await withWorkspaceLock(workspace, options, signal, () => {
    const planned = planCollection(workspace, limits)
    if (!options.dryRun) removeCollected(workspace, planned)
    return planned
  })
  workspace.index.save()
  if (options.json) printDocument(documentOf(collection, limits, options))
  else show(collection, limits, options)
}

/**
 * The JSON of `gc`. `records` are removed; `objects` counts the removed objects and `bytes` their size; `damaged` lists
 * the paths of unreadable records, `leftovers` counts temporary files of dead builds, quarantined files and records of
 * other versions of lbuild, `logs` event logs and `bundles` compiled configs, each with their sizes; `retained` counts what stays.
 */
const documentOf = (collection: Collection, limits: Limits, { dryRun }: GcOptions) => ({
  dryRun: dryRun ?? false,
  limits,
  records: collection.records.map(({ record: { artifact, key, startedAt } }) => ({
    artifact,
    key,
    startedAt,
  })),
  objects: collection.objects.size,
  bytes: sum([...collection.objects.values()]),
  damaged: collection.damaged.map(({ path }) => fromRawPath(path)),
  leftovers: total(collection.leftovers),
  logs: total(collection.logs),
  bundles: total(collection.bundles),
  retained: collection.retained,
})

function show(collection: Collection, { maxSize }: Limits, { dryRun }: GcOptions): void {
  const verb = dryRun ? 'would remove' : 'removed'
  const lines: string[] = []
  for (const { artifact, records, objects, bytes: taken } of collectedShares(collection)) {
    const owner = artifact === undefined ? 'unreferenced' : `${artifact}: ${counted(records, 'record')}`
    lines.push(objects === 0 ? owner : `${owner}, ${counted(objects, 'object')}, ${bytes(taken)}`)
  }
  for (const { path } of collection.damaged)
    lines.push(`a damaged record, ${display(path.split('/').slice(-3).join('/'))}`)
  for (const [files, noun] of [
    [collection.leftovers, 'leftover file'],
    [collection.logs, 'old log'],
    [collection.bundles, 'old compiled config'],
  ] as const)
    if (files.length > 0) lines.push(`${counted(files.length, noun)}, ${bytes(total(files).bytes)}`)
  for (const line of lines) print(`${verb} ${line}\n`)
  if (lines.length === 0) print('nothing to remove\n')
  const { records, objects, bytes: left } = collection.retained
  const over =
    left > maxSize ? `; larger than ${bytes(maxSize)}, because the latest builds need these objects` : ''
  print(`retained ${counted(records, 'record')} and ${counted(objects, 'object')}, ${bytes(left)}${over}\n`)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const total = (files: readonly LooseFile[]): { files: number; bytes: number } => ({
  files: files.length,
  bytes: sum(files.map((file) => file.bytes)),
})
