/** The one of `known` that is nearest to a misspelt word, or undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  // Of a word of one letter every other one is a single replacement away.
  let least = Math.min(word.length - 1, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/**
 * Damerau's distance, in the form of optimal string alignment: how many characters must be put in, taken out, replaced
 * or exchanged with the next one.
 */
export function editDistance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next[j] = Math.min(
        row[j]! + 1,
        next[j - 1]! + 1,
        row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1),
        exchanged ? before[j - 2]! + 1 : Infinity,
      )
    }
    ;[before, row] = [row, next]
  }
  return row[b.length]!
}

/** `did you mean 'x'?`, or the names there are. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known)
  return near === undefined ? `there is ${known.join(', ')}` : `did you mean '${near}'?`
}

/** The commands, which no artifact may be called. */
export const COMMANDS: readonly string[] = [
  'build',
  'status',
  'why',
  'watch',
  'check-config',
  'graph',
  'verify',
  'boot',
  'run',
  'history',
  'clean',
  'gc',
  'doctor',
  'update',
  'help',
]
