import { print } from '../render/print.ts'
import { display, fromBytes, toBytes } from '../../platform/bytes.ts'
import type { Collection, LooseFile } from '../../executor/collect.ts'
import { collect, collectedShares, planCollection } from '../../executor/collect.ts'
import { lockWorkspace } from '../../store/workspaceLock.ts'
import type { Limits } from '../../store/retention.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'
import { bytes, counted } from '../render/format.ts'
import { WAITING } from '../render/progress.ts'

export interface GcOptions extends WorkspaceOptions {
  readonly dryRun?: boolean
  readonly keep?: number
  /** In bytes. */
  readonly maxSize?: number
  readonly json?: boolean
  readonly wait: boolean
}

/** `lbuild gc`: removes old builds from the store, and what nobody needs any more. */
export async function gcCommand(
  invocation: Invocation,
  options: GcOptions,
  signal: AbortSignal,
): Promise<number> {
  const { workspace } = await openSession(invocation, [], options)
  const { disk, locations, graph } = workspace
  const limits: Limits = {
    keep: options.keep ?? graph.store.keep,
    maxSize: options.maxSize ?? graph.store.maxSize,
  }
  const waiting = (): void => void process.stderr.write(`${WAITING}\n`)
  const lock = await lockWorkspace(disk, `${locations.cache}/lock`, options.wait, waiting, signal)
  let collection: Collection
  try {
    collection = planCollection(workspace, limits)
    if (!options.dryRun) collect(workspace, collection)
  } finally {
    lock.release()
  }
  workspace.index.save()
  if (options.json) print(`${JSON.stringify(documentOf(collection, limits, options), undefined, 2)}\n`)
  else show(workspace, collection, limits, options)
  return 0
}

const documentOf = (collection: Collection, limits: Limits, { dryRun }: GcOptions): unknown => ({
  schemaVersion: 1,
  dryRun: dryRun ?? false,
  limits,
  records: collection.records.map(({ record: { artifact, key, startedAt } }) => ({
    artifact,
    key,
    startedAt,
  })),
  objects: collection.objects.size,
  bytes: sum([...collection.objects.values()]),
  damaged: collection.damaged.map(({ path }) => fromBytes(path)),
  leftovers: total(collection.leftovers),
  logs: total(collection.logs),
  bundles: total(collection.bundles),
  kept: collection.kept,
})

function show(
  { locations }: Workspace,
  collection: Collection,
  { maxSize }: Limits,
  { dryRun }: GcOptions,
): void {
  const verb = dryRun ? 'would remove' : 'removed'
  const lines: string[] = []
  for (const { artifact, records, objects, bytes: taken } of collectedShares(collection)) {
    const what = artifact === undefined ? 'what nothing names' : `${artifact}: ${counted(records, 'record')}`
    lines.push(objects === 0 ? what : `${what}, ${counted(objects, 'object')}, ${bytes(taken)}`)
  }
  for (const { path } of collection.damaged)
    lines.push(`a damaged record, ${display(path.slice(toBytes(locations.cache).length + 1))}`)
  for (const [files, noun] of [
    [collection.leftovers, 'leftover file'],
    [collection.logs, 'old log'],
    [collection.bundles, 'old compiled config'],
  ] as const)
    if (files.length > 0) lines.push(`${counted(files.length, noun)}, ${bytes(total(files).bytes)}`)
  for (const line of lines) print(`${verb} ${line}\n`)
  if (lines.length === 0) print('nothing to remove\n')
  const { records, objects, bytes: left } = collection.kept
  const over = left > maxSize ? `, more than ${bytes(maxSize)}: the latest builds need them` : ''
  print(`kept ${counted(records, 'record')} and ${counted(objects, 'object')}, ${bytes(left)}${over}\n`)
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0)

const total = (files: readonly LooseFile[]): { files: number; bytes: number } => ({
  files: files.length,
  bytes: sum(files.map((file) => file.bytes)),
})
