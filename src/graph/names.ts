// Suggestions for misspelled names, and the names that are reserved.

/** The known word that is nearest to a misspelled one; undefined if none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  // Every word of one letter is a single replacement away from any other.
  let least = Math.min(word.length - 1, Math.max(1, Math.floor(word.length / 3))) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < least) [best, least] = [candidate, distance]
  }
  return best
}

/** Damerau–Levenshtein distance (optimal string alignment): insertions, deletions, replacements, swaps of neighbors. */
export function editDistance(a: string, b: string): number {
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      next[j] = Math.min(
        (row[j] ?? 0) + 1,
        (next[j - 1] ?? 0) + 1,
        (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        swapped ? (before[j - 2] ?? 0) + 1 : Infinity,
      )
    }
    ;[before, row] = [row, next]
  }
  return row[b.length] ?? 0
}

/** A text with escapes of JavaScript for all but printable ASCII. */
export const escaped = (text: string): string =>
  text.replaceAll(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)

/** A hint for an unknown word: `did you mean 'x'?`, or the known words, or else to declare one. */
export function suggestion(word: string, known: readonly string[]): string {
  if (known.length === 0) return 'declare it in build.config.ts'
  const alike = known.find((one) => one !== word && one.normalize() === word.normalize())
  if (alike !== undefined)
    return `use the Unicode normalization of '${escaped(alike)}' instead of '${escaped(word)}'`
  const near = nearest(word, known)
  return near === undefined ? `choose one of: ${known.join(', ')}` : `did you mean '${near}'?`
}

/** The names of commands, which no artifact may have. */
export const COMMANDS: readonly string[] = [
  'init',
  'build',
  'status',
  'why',
  'watch',
  'graph',
  'params',
  'check',
  'verify',
  'boot',
  'run',
  'history',
  'report',
  'clean',
  'gc',
  'doctor',
  'update',
  'completion',
  'help',
]
