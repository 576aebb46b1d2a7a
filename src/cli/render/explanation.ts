// Renders an explanation as text: causes first, each with its details and consequences.
import { describeReason } from '../../explain/describeReason.ts'
import type {
  EntryChange,
  Evidence,
  PackageChanges,
  TextChange,
  Explanation,
  ExplainedCause,
} from '../../planner/evidence.ts'
import { consequenceLines } from './consequences.ts'
import { paint } from './color.ts'
import { bytes, counted, duration } from '../../platform/units.ts'
import { ago } from './format.ts'
import type { Consequence, PartKind } from '../../planner/domain.ts'

/** The number of entries, packages or names in a list before the rest is only counted. */
const SHOWN = 5

export interface ExplanationOptions {
  /** Show every entry of every list. */
  readonly all: boolean
  /** The present, in milliseconds since 1970. */
  readonly now: number
  /** The heading of the unchanged artifacts. If it is given, the renderer does not print “Compared with the build …”. */
  readonly same?: string
  /** For a past build: describes what happened to an artifact. */
  readonly outcome?: (artifact: string) => string | undefined
  /** More lines below a cause, such as its diff. */
  readonly below?: (cause: ExplainedCause) => Promise<readonly string[]>
}

/** A cause as text. */
export interface CauseText {
  readonly headline: string
  /** The evidence, in lines. */
  readonly details: readonly string[]
}

/** A cause as text without colors and with full lists; times are relative to `now`, in milliseconds since 1970. */
export function causeText(cause: ExplainedCause, now: number): CauseText {
  const options = { all: true, now }
  const { lines, times } = details(cause, false, options)
  return { headline: headline(cause, options), details: [...lines, ...times] }
}

const bold = (text: string): string => paint(process.stdout, 'bold', text)
const dim = (text: string): string => paint(process.stdout, 'dim', text)

/** An explanation in lines without final newlines. */
export async function explanationLines(
  explanation: Explanation,
  options: ExplanationOptions,
): Promise<readonly string[]> {
  const lines: string[] = []
  const shared = sharedRun(explanation)
  for (const [at, cause] of explanation.causes.entries()) {
    const number = explanation.causes.length > 1 ? `${at + 1}. ` : ''
    const indent = ' '.repeat(number.length + 2)
    lines.push('', bold(`${number}${headline(cause, options)}`))
    lines.push(...paintedDetails(cause, shared !== undefined, options).map((line) => `${indent}${line}`))
    lines.push(
      ...consequenceLines(explanation, at, { all: options.all, outcome: options.outcome }).map(
        (line) => `${indent}${line}`,
      ),
    )
    const below = (await options.below?.(cause)) ?? []
    if (below.length > 0) lines.push('', ...below)
  }
  return [...lines, '', ...restLines(explanation, shared, options)]
}

/** A list of names, shortened unless `all` is set: `a, b and 7 others`. */
export function listed(names: readonly string[], all: boolean): string {
  if (all || names.length <= SHOWN + 1) return names.join(', ')
  return `${names.slice(0, SHOWN).join(', ')} and ${names.length - SHOWN} others`
}

function headline({ reason, artifacts, evidence }: ExplainedCause, { all }: ExplanationOptions): string {
  const names = listed(artifacts, all)
  switch (reason.kind) {
    case 'first-build':
      return `never built: ${names}`
    case 'forced':
      return `forced: ${names}`
    case 'record-damaged':
      return `unusable record (damaged, or from another version of lbuild): ${names}`
    case 'record-lost':
      return `missing record: ${names}`
    case 'record-unconfined':
      return `made without a sandbox, which this host has: ${names}`
    case 'object-missing':
      return `missing from the store: the output '${reason.output}' of ${names}`
    case 'lockfile': {
      const [change] = reason.changes
      const why = change ? `${describeReason(change)}, so ` : ''
      return `${why}the lockfile ${reason.path} is ${reason.state}`
    }
    case 'changed': {
      const { values, entries, moreEntries = 0 } = evidence
      const owner = artifacts.length === 1 ? `${names}.` : ''
      if (values) return `param ${owner}${reason.now.name}: ${values.before} → ${values.now}`
      const count =
        entries && reason.now.kind === 'tree'
          ? `: ${entries.length + moreEntries === 1 ? '1 entry' : `${entries.length + moreEntries} entries`}`
          : ''
      return `${describeReason(reason)}${count}${toolVersions(evidence)}`
    }
    default:
      return describeReason(reason)
  }
}

function toolVersions({ versions }: Evidence): string {
  if (!versions || (versions.before === undefined && versions.now === undefined)) return ''
  const { before = 'unknown', now = 'unknown' } = versions
  return before === now ? `, still version ${now}` : `, version ${before} → ${now}`
}

/** The evidence of a cause, in lines; the last one has its times. */
function paintedDetails(cause: ExplainedCause, shared: boolean, options: ExplanationOptions): string[] {
  const { lines, times } = details(cause, shared, options)
  return [...lines, ...(times.length > 0 ? [dim(times.join('; '))] : [])]
}

/** The evidence of a cause, in lines, and when it was edited and what it is compared with. */
function details(
  { reason, evidence }: ExplainedCause,
  shared: boolean,
  options: ExplanationOptions,
): { readonly lines: readonly string[]; readonly times: readonly string[] } {
  const { all, now } = options
  const { text, entries = [], moreEntries = 0, packages, imports, builtBy, editedAt, comparedWith } = evidence
  const { upstream = [], values } = evidence
  const lines: string[] = []
  if (text?.lines) lines.push(sizeOfChange(text))
  const tree = reason.kind === 'changed' && reason.now.kind === 'tree' ? `${reason.now.path}/` : ''
  lines.push(...entryLines(entries, moreEntries, tree, all))
  if (packages) lines.push(...packageLines(packages, all))
  if (values) lines.push(values.setBy === undefined ? 'the default value' : `set by ${values.setBy}`)
  if (imports && imports.length > 1) lines.push(`imported: ${imports.join(' → ')}`)
  if (builtBy) {
    const made = `produced by the build ${builtBy.build}, ${ago(Date.parse(builtBy.startedAt), now)}`
    lines.push(upstream.length > 0 ? `${made}, because` : made)
  }
  for (const origin of upstream)
    lines.push(
      `  ${headline(origin, options)}`,
      ...[details(origin, true, options)].flatMap(({ lines: inner, times }) =>
        [...inner, ...times].map((line) => `    ${line}`),
      ),
    )
  const edited =
    editedAt === undefined || reason.kind === 'output-missing' ? [] : [`edited ${ago(editedAt, now)}`]
  const run =
    comparedWith && !shared
      ? [`compared with the build ${comparedWith.build}, ${ago(Date.parse(comparedWith.startedAt), now)}`]
      : []
  if (reason.kind === 'output-changed')
    lines.push(`the next build renames this file to ${reason.path}.preserved-N and restores the built one`)
  return { lines, times: [...edited, ...run] }
}

/** The build with which all causes are compared, if there is only one. */
function sharedRun({ causes }: Explanation): Evidence['comparedWith'] {
  const builds = new Set(causes.map(({ evidence }) => evidence.comparedWith?.build))
  return builds.size === 1 ? causes[0]?.evidence.comparedWith : undefined
}

const sizeOfChange = ({ lines, at, sizes }: TextChange): string =>
  [
    ...(lines ? [`+${lines.added} −${lines.removed} lines${at === undefined ? '' : ` at line ${at}`}`] : []),
    ...(sizes && bytes(sizes[0]) !== bytes(sizes[1]) ? [`${bytes(sizes[0])} → ${bytes(sizes[1])}`] : []),
  ].join(', ')

/** Changed entries of a tree. If there are many, entries that changed alike below the same top directory are counted. */
function entryLines(entries: readonly EntryChange[], more: number, tree: string, all: boolean): string[] {
  const groups = new Map<string, EntryChange[]>()
  for (const entry of entries) {
    const [top] = entry.path.slice(tree.length).split('/')
    const id = all || entries.length <= SHOWN ? entry.path : `${top}/: ${entry.change}`
    groups.set(id, [...(groups.get(id) ?? []), entry])
  }
  const lines = [...groups].flatMap(([id, alike]) =>
    alike.length > 2
      ? [{ line: `${id} (${alike.length} entries)`, entries: alike.length }]
      : alike.map((entry) => ({ line: entryLine(entry, tree), entries: 1 })),
  )
  const shown = all ? lines : lines.slice(0, SHOWN)
  const hidden = entries.length + more - shown.reduce((sum, line) => sum + line.entries, 0)
  return [
    ...shown.map(({ line }) => line),
    ...(hidden > 0 ? [`… and ${counted(hidden, 'other')}${all ? '' : ' (--all)'}`] : []),
  ]
}

function entryLine(entry: EntryChange, tree: string): string {
  const path = entry.path.slice(tree.length)
  const [was, is] = entry.values ?? []
  if (entry.change === 'type' && was !== undefined) return `${path}: was ${was}, is ${is}`
  const size = entry.lines ? ` (${sizeOfChange(entry)})` : was === undefined ? '' : ` ${was} → ${is}`
  return `${path}: ${entry.change}${size}`
}

function packageLines({ added, removed, changed }: PackageChanges, all: boolean): string[] {
  const named = ({ name, version }: { name: string; version: string }): string => `${name} ${version}`
  return [
    ...(changed.length > 0
      ? [
          `changed: ${listed(
            changed.map(({ name, before, now }) =>
              before === now
                ? `${name} ${now}, same version with different bytes`
                : `${name} ${before} → ${now}`,
            ),
            all,
          )}`,
        ]
      : []),
    ...(added.length > 0 ? [`added: ${listed(added.map(named), all)}`] : []),
    ...(removed.length > 0 ? [`removed: ${listed(removed.map(named), all)}`] : []),
  ]
}

const KINDS: readonly (readonly [kinds: readonly PartKind[], noun: string])[] = [
  [['file', 'tree'], 'file or tree'],
  [['param'], 'param'],
  [['downloads'], 'lockfile'],
  [['tool'], 'tool'],
  [['env'], 'variable'],
]

const PLURALS: Readonly<Record<string, string>> = { 'file or tree': 'files and trees' }

/** `14 files and trees, 9 params`: the parts that were compared and are unchanged. */
export function partCounts(parts: Explanation['unchanged']['parts']): string {
  const counts = KINDS.map(([kinds, noun]) => {
    const count = kinds.reduce((sum, kind) => sum + (parts[kind] ?? 0), 0)
    return count === 0 ? '' : count === 1 ? `1 ${noun}` : `${count} ${PLURALS[noun] ?? `${noun}s`}`
  })
  const code = parts.code === undefined ? '' : `the code of ${counted(parts.code, 'producer')}`
  return [...counts, code].filter((part) => part !== '').join(', ')
}

/** What is unchanged, and how long all runs together take. */
function restLines(
  { consequences, unchanged }: Explanation,
  shared: Evidence['comparedWith'],
  { all, now, outcome, same }: ExplanationOptions,
): string[] {
  const sum = (which: (one: Consequence) => boolean): number =>
    consequences.filter(which).reduce((total, { usualSeconds = 0 }) => total + usualSeconds, 0)
  const sure = sum(({ verdict }) => verdict === 'stale')
  const most = sum(({ verdict }) => verdict !== 'restorable')
  const counts = partCounts(unchanged.parts)
  return [
    ...(unchanged.fresh.length > 0 ? [`${same ?? 'Fresh'}: ${listed(unchanged.fresh, all)}.`] : []),
    ...(counts === '' ? [] : [`Unchanged: ${counts}.`]),
    ...(shared && same === undefined
      ? [`Compared with the build ${shared.build}, ${ago(Date.parse(shared.startedAt), now)}.`]
      : []),
    ...(most === 0 || outcome ? [] : [costOf(sure, most)]),
  ]
}

/** The time of all runs together, in seconds: of those that are certain, and of all that may happen. */
function costOf(sure: number, most: number): string {
  if (sure === 0) return `Total: at most ${duration(most)}.`
  return `Total: about ${duration(sure)}${most > sure ? `, at most ${duration(most)}` : ''}.`
}
