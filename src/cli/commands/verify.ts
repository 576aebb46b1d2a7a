import { print } from '../render/print.ts'
import { display, fromBytes } from '../../platform/bytes.ts'
import { Failure } from '../../platform/failure.ts'
import { checkTargets } from '../../executor/targets.ts'
import { lockWorkspace } from '../../store/workspaceLock.ts'
import type { Standing, PublishedReport, Wrong } from '../../verify/outputs.ts'
import { verifyPublished } from '../../verify/outputs.ts'
import type { DamagedInStore, StoreReport, ObjectUser } from '../../verify/store.ts'
import { verifyStore } from '../../verify/store.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import type { RebuildOptions } from './verifyRebuild.ts'
import { openSession } from '../session.ts'
import { bytes, counted, NAME_WIDTH, paint } from '../render/format.ts'
import { WAITING } from '../render/progress.ts'

export interface VerifyOptions extends WorkspaceOptions, RebuildOptions {
  readonly store?: boolean
  readonly rebuild?: boolean
}

/** `lbuild verify`: reads in full what was built and says what is not as it was recorded. Exit code 1 if anything is. */
export async function verifyCommand(
  invocation: Invocation,
  words: readonly string[],
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<number> {
  const { workspace, targets } = await openSession(invocation, words, options)
  if (options.store) {
    if (targets.length > 0 || options.rebuild)
      throw new Failure('--store goes without targets and without --rebuild', {
        hint: 'it reads the whole store: lbuild verify --store',
        exitCode: 2,
      })
    return showStore(workspace, await lockedStore(workspace, options, signal), options)
  }
  checkTargets(workspace.graph, targets)
  if (options.rebuild) {
    const { rebuildCommand } = await import('./verifyRebuild.ts')
    return rebuildCommand(invocation, workspace, targets, options, signal)
  }
  return showPublished(targets, await verifyPublished(workspace, targets, signal), options)
}

function showPublished(
  targets: readonly string[],
  report: PublishedReport,
  { json, quiet }: VerifyOptions,
): number {
  const { wrong } = report
  if (json) print(`${JSON.stringify({ schemaVersion: 1, targets, ...report }, undefined, 2)}\n`)
  else if (wrong.length > 0 || !quiet) {
    for (const one of wrong)
      print(`${paint(process.stdout, 'red', 'wrong')} ${one.artifact.padEnd(NAME_WIDTH)} ${problem(one)}\n`)
    const read = `${counted(report.outputs, 'published output')} and ${counted(report.objects, 'object')}, ${bytes(report.bytes)}`
    const verdict = wrong.length === 0 ? 'all as recorded' : `${wrong.length} wrong`
    print(`${targets.join(', ')}: ${verdict} (${counted(report.artifacts, 'artifact')}; read ${read})\n`)
    if (wrong.length > 0) print(`hint: ${remedy(targets, wrong)}\n`)
  }
  return wrong.length === 0 ? 0 : 1
}

function problem({ kind, path, expected, found, difference }: Wrong): string {
  if (kind === 'record') return `its latest record ${contentProblem(undefined, found)}`
  const where = difference ? `, from byte ${difference.offset} on` : ''
  return `${path} ${contentProblem(expected?.size, found)}${where}`
}

function contentProblem(size: number | undefined, found: Standing): string {
  if (found.state === 'other') return `is a ${found.what}`
  if (found.state !== 'file') return found.state === 'unreadable' ? 'cannot be read' : `is ${found.state}`
  if (size === undefined || found.size === size)
    return `has other content in its ${counted(found.size, 'byte')}`
  return `has ${counted(found.size, 'byte')} where ${size} were built`
}

/**
 * How to put it right. A build reads neither an object that it does not need nor an output whose state on disk has not
 * moved: these must go first.
 */
function remedy(targets: readonly string[], wrong: readonly Wrong[]): string {
  const steps = [`lbuild ${targets.join(' ')}`]
  const unseen = wrong.filter((one) => one.unseen).map(({ path }) => path)
  if (unseen.length > 0) steps.unshift(`remove ${unseen.join(' and ')}`)
  if (wrong.some(({ kind, found }) => kind === 'object' && found.state !== 'missing'))
    steps.unshift('lbuild verify --store, which puts damaged objects aside')
  return `to put it right: ${steps.join('; then ')}`
}

async function lockedStore(
  workspace: Workspace,
  { wait }: VerifyOptions,
  signal: AbortSignal,
): Promise<StoreReport> {
  const { disk, locations } = workspace
  const waiting = (): void => void process.stderr.write(`${WAITING}\n`)
  const lock = await lockWorkspace(disk, `${locations.cache}/lock`, wait, waiting, signal)
  try {
    return await verifyStore(workspace, signal)
  } finally {
    lock.release()
  }
}

function showStore(workspace: Workspace, report: StoreReport, { json, quiet }: VerifyOptions): number {
  const { damaged, missing } = report
  if (json) {
    const shown = damaged.map((one) => ({ ...one, name: fromBytes(one.name), aside: fromBytes(one.aside) }))
    print(`${JSON.stringify({ schemaVersion: 1, ...report, damaged: shown }, undefined, 2)}\n`)
  } else if (damaged.length > 0 || !quiet) {
    for (const one of damaged) {
      print(
        `${paint(process.stdout, 'red', 'damaged')} ${one.kind} ${display(one.name)}, ${bytes(one.size)}\n`,
      )
      for (const line of consequences(one)) print(`  ${line}\n`)
      print(`  put aside as ${display(one.aside)}\n`)
    }
    for (const { name, users } of missing) {
      print(`${paint(process.stdout, 'yellow', 'missing')} object ${name}\n`)
      for (const user of users) print(`  ${consequence(user)}\n`)
    }
    const sound = damaged.length === 0 ? 'is sound' : `had ${damaged.length} damaged`
    const verdict = missing.length === 0 ? sound : `${sound} and lacks ${counted(missing.length, 'object')}`
    const read = `${counted(report.objects, 'object')} and ${counted(report.records, 'record')} read, ${bytes(report.bytes)}`
    print(`the store ${verdict} (${read})\n`)
    const names = affected(workspace, [...damaged, ...missing])
    if (names.length > 0) print(`hint: lbuild ${names.join(' ')} restores or builds what is missing now\n`)
  }
  return damaged.length === 0 ? 0 : 1
}

/** What follows from the loss of a file of the store, a line each. */
function consequences({ kind, artifact, users }: DamagedInStore): readonly string[] {
  if (kind === 'record')
    return [`a record of ${artifact}: its next build restores or makes what it is missing`]
  return users.length === 0 ? ['no record and no lock names it: nothing to do'] : users.map(consequence)
}

function consequence(user: ObjectUser): string {
  if (user.kind === 'download')
    return `${user.name}, a download of the lock ${user.lock}: it is fetched again when a producer needs it`
  if (user.kind === 'tree')
    return `the listing of ${user.name}/ in a record of ${user.artifact}: it only tells later changes by name`
  if (user.kind === 'texts')
    return `the texts in a record of ${user.artifact}: they only tell later changes line by line`
  const output = `the output '${user.name}' of ${user.artifact}`
  return user.latest
    ? `${output}: its next build makes it again`
    : `${output}, of an earlier build: it is made again if that is asked for`
}

/** The artifacts of the distro that have something to build now. */
const affected = (
  { graph }: Workspace,
  lost: readonly Pick<DamagedInStore, 'artifact' | 'users'>[],
): readonly string[] =>
  graph.artifacts
    .map(({ name }) => name)
    .filter((name) =>
      lost.some(
        ({ artifact, users }) =>
          artifact === name ||
          users.some((user) => user.kind === 'output' && user.latest && user.artifact === name),
      ),
    )
