// Renders what follows from one cause alone.
import type { Explanation } from '../../planner/evidence.ts'
import { counted, duration } from '../../platform/units.ts'
import type { Consequence } from '../../planner/domain.ts'

/** The number of artifacts listed below one cause before the rest is only counted. */
const SHOWN = 10

export interface ConsequenceOptions {
  /** List every artifact. */
  readonly all: boolean
  /** For a past build: describes what happened to an artifact. */
  readonly outcome?: ((artifact: string) => string | undefined) | undefined
}

/** What followed from one cause alone in a past build, for each artifact, in the graph's order. */
export const consequences = (
  explanation: Explanation,
  cause: number,
  outcome: (artifact: string) => string | undefined,
): readonly { readonly artifact: string; readonly text: string }[] =>
  listedFor(explanation, cause).map((one) => ({
    artifact: one.artifact,
    text: pastOutcome(explanation, one, cause, outcome),
  }))

/** The consequences that are listed below a cause. */
function listedFor(explanation: Explanation, cause: number): readonly Consequence[] {
  const mine = explanation.consequences.filter(
    (one) => one.causes.includes(cause) || (one.cutOff ?? []).includes(cause),
  )
  // An artifact that was never built runs in any case, so no other cause lists it.
  return mine.filter((one) => one.own.includes(cause) || !isFirstBuild(explanation, one))
}

/** What follows from one cause alone: a line for each artifact, in the graph's order. `cause` is an index into the causes. */
export function consequenceLines(
  explanation: Explanation,
  cause: number,
  { all, outcome }: ConsequenceOptions,
): readonly string[] {
  const listed = listedFor(explanation, cause)
  const width = Math.max(...listed.map(({ artifact }) => artifact.length))
  const shown = all ? listed : listed.slice(0, SHOWN)
  const lines = shown.map(
    (one) =>
      `→ ${one.artifact.padEnd(width)}  ${outcome ? pastOutcome(explanation, one, cause, outcome) : prediction(explanation, one, cause)}`,
  )
  return listed.length > shown.length
    ? [...lines, `… and ${counted(listed.length - shown.length, 'other')} (--all)`]
    : lines
}

/**
 * Says under which condition an undecided artifact runs. If `cause` is given, names only the conditions that this cause
 * can fulfil.
 */
export function conditions(explanation: Explanation, one: Consequence, cause?: number): string {
  const through = one.through.filter(
    (name) => cause === undefined || consequenceOf(explanation, name)?.causes.includes(cause),
  )
  const lockfiles = one.own.flatMap((at) => {
    const reason = explanation.causes[at]?.reason
    return reason?.kind === 'lockfile' && (cause === undefined || cause === at) ? [reason.lockfile] : []
  })
  return [
    ...(through.length > 0 ? [`an output of ${either(through)} changes`] : []),
    ...lockfiles.map((name) => `the lockfile '${name}' resolves to other downloads`),
  ].join(' or ')
}

/** `a, b or c` */
const either = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

/** What one cause would do to an artifact, regardless of the other causes. */
function prediction(explanation: Explanation, one: Consequence, cause: number): string {
  if (one.verdict === 'restorable') return 'would be restored from the store'
  const cost = one.usualSeconds === undefined ? '' : `, about ${duration(one.usualSeconds)}`
  if (isCertain(explanation, one, cause)) return `runs${cost}`
  const others = one.causes
    .filter((at) => at !== cause && isCertain(explanation, one, at))
    .map((at) => at + 1)
  return `only if ${conditions(explanation, one, cause)}${others.length > 0 ? `; runs anyway for ${others.join(', ')}` : cost}`
}

/** Whether one cause alone is certain to make an artifact run: directly, or through an output that is known to change. */
function isCertain(explanation: Explanation, one: Consequence, cause: number): boolean {
  if (one.own.includes(cause))
    return explanation.causes[cause]?.reason.kind !== 'lockfile' || isFirstBuild(explanation, one)
  return one.through.some((name) => {
    const source = consequenceOf(explanation, name)
    return source?.verdict === 'restorable' && source.causes.includes(cause)
  })
}

/** What happened to an artifact because of one cause. */
function pastOutcome(
  explanation: Explanation,
  one: Consequence,
  cause: number,
  outcome: (artifact: string) => string | undefined,
): string {
  const { artifact, causes, cutOff = [] } = one
  if (causes.length === 0 || !cutOff.includes(cause)) return outcome(artifact) ?? ''
  if (one.own.includes(cause)) return 'not because of this: the lockfile resolved to the same downloads'
  const unchanged = one.through.filter((name) => {
    const source = consequenceOf(explanation, name)
    return source?.causes.includes(cause) || source?.cutOff?.includes(cause)
  })
  return `not because of this: no output that it reads from ${either(unchanged)} changed`
}

const consequenceOf = ({ consequences }: Explanation, name: string): Consequence | undefined =>
  consequences.find(({ artifact }) => artifact === name)

const isFirstBuild = ({ causes }: Explanation, { own }: Consequence): boolean =>
  own.some((at) => causes[at]?.reason.kind === 'first-build')
