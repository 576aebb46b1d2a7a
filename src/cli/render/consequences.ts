import type { Explanation } from '../../planner/evidence.ts'
import { counted, duration } from './format.ts'
import type { Consequence } from '../../planner/types.ts'

/** How many artifacts are listed below one cause before the rest is counted. */
const SHOWN = 10

export interface ConsequenceOptions {
  /** Show every one. */
  readonly all: boolean
  /** Of what is past: what became of an artifact, in words. */
  readonly became?: ((artifact: string) => string | undefined) | undefined
}

/** What follows from one cause alone, in the graph's order, a line for each artifact. */
export function consequenceLines(
  told: Explanation,
  cause: number,
  { all, became }: ConsequenceOptions,
): readonly string[] {
  const mine = told.consequences.filter(
    (one) => one.causes.includes(cause) || (one.cutOff ?? []).includes(cause),
  )
  // That something never built runs needs no other cause.
  const listed = mine.filter((one) => one.own.includes(cause) || !isFirstBuild(told, one))
  const width = Math.max(...listed.map(({ artifact }) => artifact.length))
  const shown = all ? listed : listed.slice(0, SHOWN)
  const lines = shown.map(
    (one) =>
      `→ ${one.artifact.padEnd(width)}  ${became ? outcome(told, one, cause, became) : prediction(told, one, cause)}`,
  )
  return listed.length > shown.length
    ? [...lines, `… and ${counted(listed.length - shown.length, 'other')} (--all)`]
    : lines
}

/** What would make an undecided artifact run, in words. */
export function conditions(told: Explanation, one: Consequence, cause?: number): string {
  const through = one.through.filter(
    (name) => cause === undefined || consequenceOf(told, name)?.causes.includes(cause),
  )
  const lockfiles = one.own.flatMap((at) => {
    const reason = told.causes[at]?.reason
    return reason?.kind === 'lockfile' && (cause === undefined || cause === at) ? [reason.lockfile] : []
  })
  return [
    ...(through.length > 0 ? [`the content of ${either(through)} changes`] : []),
    ...lockfiles.map((lock) => `the lock '${lock}' then names something else`),
  ].join(' or ')
}

/** `a, b or c` */
const either = (names: readonly string[]): string =>
  names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`

/** What one cause would do to an artifact, whatever others do. */
function prediction(told: Explanation, one: Consequence, cause: number): string {
  if (one.verdict === 'restorable') return 'would be restored from the store'
  const cost = one.usualSeconds === undefined ? '' : `, about ${duration(one.usualSeconds)}`
  if (isCertain(told, one, cause)) return `runs${cost}`
  const others = one.causes.filter((at) => at !== cause && isCertain(told, one, at)).map((at) => at + 1)
  return `only if ${conditions(told, one, cause)}${others.length > 0 ? `; runs anyway for ${others.join(', ')}` : cost}`
}

/** Whether one cause alone makes an artifact run: it sees it itself, or takes what is known to be other content. */
function isCertain(told: Explanation, one: Consequence, cause: number): boolean {
  if (one.own.includes(cause))
    return told.causes[cause]!.reason.kind !== 'lockfile' || isFirstBuild(told, one)
  return one.through.some((name) => {
    const source = consequenceOf(told, name)
    return source?.verdict === 'restorable' && source.causes.includes(cause)
  })
}

/** What became of an artifact, as far as one cause had a hand in it. */
function outcome(
  told: Explanation,
  one: Consequence,
  cause: number,
  became: (artifact: string) => string | undefined,
): string {
  const { artifact, causes, cutOff = [] } = one
  if (causes.length === 0 || !cutOff.includes(cause)) return became(artifact) ?? ''
  if (one.own.includes(cause)) return 'not because of this: the lock names the same as before'
  return `not because of this: what it takes of ${either(
    one.through.filter((name) => {
      const source = consequenceOf(told, name)
      return source?.causes.includes(cause) || source?.cutOff?.includes(cause)
    }),
  )} came out the same`
}

const consequenceOf = ({ consequences }: Explanation, name: string): Consequence | undefined =>
  consequences.find(({ artifact }) => artifact === name)

const isFirstBuild = ({ causes }: Explanation, { own }: Consequence): boolean =>
  own.some((at) => causes[at]?.reason.kind === 'first-build')
