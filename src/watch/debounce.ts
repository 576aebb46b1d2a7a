// Collects file changes into bursts. A burst is over when no change follows for a moment.

/** How long a burst must be quiet until it is over, in seconds. */
const QUIET = 0.05
/** The longest duration of a burst in seconds; later changes begin a new one. */
const LONGEST = 1
/** How many paths of a burst are reported by name. */
const NAMED = 10
/**
 * After this many events lbuild assumes that the kernel dropped some, and that directories appeared or disappeared. The
 * kernel's queue holds 16384 events (inotify(7), max_queued_events). The number is well below, because the queue also
 * holds changes in watched directories that concern no source, and a burst does not count these.
 */
const MANY = 4_000

/** A hint that something changed; only a snapshot decides what did. */
export interface Change {
  /** Absolute; empty for a change anywhere. */
  readonly path: string
  /** Whether a name came or went, so that directories may have. */
  readonly entries: boolean
  /** In {@link monotonicSeconds}. */
  readonly now: number
}

/** Changes that follow each other closely. */
export interface Burst {
  /** The time of the first change, in {@link monotonicSeconds}. */
  readonly since: number
  /** The time of the last change. */
  readonly latest: number
  readonly events: number
  /** Whether directories may have come or gone. */
  readonly entries: boolean
  /** The changed paths, newest first; a path may occur more than once. */
  readonly paths: PathList | undefined
}

/** A list that grows in constant time, because a checkout causes thousands of events. */
interface PathList {
  readonly path: string
  readonly older: PathList | undefined
}

/** A burst with one more change. */
export function withChange(burst: Burst | undefined, { path, entries, now }: Change): Burst {
  const { since = now, events = 0, entries: before = false, paths } = burst ?? {}
  const count = events + 1
  return {
    since,
    latest: now,
    events: count,
    entries: before || entries || count > MANY,
    paths: path === '' || path === paths?.path ? paths : { path, older: paths },
  }
}

/** When a burst is over unless another change follows, in {@link monotonicSeconds}. */
export const overAt = ({ since, latest }: Burst): number => Math.min(latest + QUIET, since + LONGEST)

export const isOver = (burst: Burst, now: number): boolean => now >= overAt(burst)

/** The changed paths, the first ten by name; `more` is the number of the others. */
export function pathsOf(burst: Burst | undefined): {
  readonly paths: readonly string[]
  readonly more: number
} {
  const newestFirst: string[] = []
  for (let at = burst?.paths; at; at = at.older) newestFirst.push(at.path)
  const paths = [...new Set(newestFirst.reverse())]
  return { paths: paths.slice(0, NAMED), more: Math.max(0, paths.length - NAMED) }
}
