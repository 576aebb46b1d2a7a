// `lbuild verify --store`: reads the whole store, quarantines damaged files, and shows what their loss means.
import { display, fromRawPath } from '../../platform/rawPath.ts'
import type { DamagedFile, ObjectReference, StoreReport } from '../../verify/store.ts'
import { verifyStore } from '../../verify/store.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { paint } from '../render/color.ts'
import { bytes, counted } from '../../platform/units.ts'
import { print, printDocument } from '../render/print.ts'
import { withWorkspaceLock } from '../workspaceLock.ts'
import type { VerifyOptions } from './verify.ts'

/** Returns the exit code: 1 if an object or a record is damaged. */
export async function verifyWholeStore(
  workspace: Workspace,
  options: VerifyOptions,
  signal: AbortSignal,
): Promise<number> {
  const report = await withWorkspaceLock(workspace, options, signal, () => verifyStore(workspace, signal))
  const { damaged } = report
  if (options.json)
    printDocument({
      ...report,
      damaged: damaged.map(({ name, quarantinedAs, ...one }) => ({
        ...one,
        name: fromRawPath(name),
        quarantinedAs: fromRawPath(quarantinedAs),
      })),
    })
  else if (damaged.length > 0 || !options.quiet) show(workspace, report)
  return damaged.length === 0 ? 0 : 1
}

function show(workspace: Workspace, report: StoreReport): void {
  const { damaged, missing } = report
  for (const one of damaged) {
    print(`${paint(process.stdout, 'red', 'damaged')} ${one.kind} ${display(one.name)}, ${bytes(one.size)}\n`)
    for (const line of consequences(one)) print(`  ${line}\n`)
    print(`  quarantined as ${display(one.quarantinedAs)}\n`)
  }
  for (const { name, references } of missing) {
    print(`${paint(process.stdout, 'yellow', 'missing')} object ${name}\n`)
    for (const reference of references) print(`  ${consequence(reference)}\n`)
  }
  const state = damaged.length === 0 ? 'is intact' : `had ${counted(damaged.length, 'damaged file')}`
  const verdict = missing.length === 0 ? state : `${state} and lacks ${counted(missing.length, 'object')}`
  const read = `read ${counted(report.objects, 'object')} and ${counted(report.records, 'record')}, ${bytes(report.bytes)}`
  print(`the store ${verdict} (${read})\n`)
  const names = affectedArtifacts(workspace, [...damaged, ...missing])
  if (names.length > 0) print(`hint: run 'lbuild ${names.join(' ')}' to restore or rebuild what is missing\n`)
}

/** What the loss of a damaged file means, one line each. */
function consequences({ kind, artifact, references }: DamagedFile): readonly string[] {
  if (kind === 'record')
    return [`a record of ${artifact}: its next build restores or rebuilds the missing outputs`]
  return references.length === 0 ? ['nothing refers to it'] : references.map(consequence)
}

function consequence(reference: ObjectReference): string {
  switch (reference.kind) {
    case 'download':
      return `${reference.name}, a download of the lockfile ${reference.lockfile}: fetched again when a producer needs it`
    case 'tool':
      return `the listing of the tool ${reference.name} in a record of ${reference.artifact}: used only to name changed files in explanations`
    case 'tree':
      return `the listing of ${reference.name}/ in a record of ${reference.artifact}: used only to name changed files in explanations`
    case 'texts':
      return `the texts in a record of ${reference.artifact}: used only to show changed lines in explanations`
    case 'output': {
      const output = `the output '${reference.name}' of ${reference.artifact}`
      return reference.latest
        ? `${output}: rebuilt by its next build`
        : `${output}, from an earlier build: rebuilt if its inputs are built again`
    }
  }
}

/** The artifacts of the distro that the next build must restore or rebuild. */
const affectedArtifacts = (
  { graph }: Workspace,
  lost: readonly Pick<DamagedFile, 'artifact' | 'references'>[],
): readonly string[] =>
  graph.artifacts
    .map(({ name }) => name)
    .filter((name) =>
      lost.some(
        ({ artifact, references }) =>
          artifact === name ||
          references.some((one) => one.kind === 'output' && one.latest && one.artifact === name),
      ),
    )
