import { createTwoFilesPatch, diffLines, FILE_HEADERS_ONLY } from 'diff'
import type { TextChange } from '../planner/evidence.ts'

/** How many lines of a text came and went, and which is the first. */
function compareLines(before: string, now: string): Pick<TextChange, 'lines' | 'at'> {
  let [added, removed, line] = [0, 0, 1]
  let at: number | undefined
  for (const part of diffLines(before, now)) {
    if (part.added || part.removed) at ??= line
    if (part.added) added += part.count
    if (part.removed) removed += part.count
    else line += part.count
  }
  return { lines: { added, removed }, ...(at === undefined ? {} : { at }) }
}

/** What is known of a changed text: how many lines came and went, and where the first is, if both texts are known. */
export const textChangeOf = (
  path: string,
  before: string | undefined,
  now: string | undefined,
): TextChange =>
  before === undefined || now === undefined
    ? { path }
    : {
        path,
        ...compareLines(before, now),
        sizes: [Buffer.byteLength(before), Buffer.byteLength(now)],
      }

/** A unified diff of two texts, `a/PATH` and `b/PATH`, without a final newline (POSIX diff(1), "-u"). */
export const unifiedDiff = (path: string, before: string | undefined, now: string | undefined): string =>
  createTwoFilesPatch(
    before === undefined ? '/dev/null' : `a/${path}`,
    now === undefined ? '/dev/null' : `b/${path}`,
    before ?? '',
    now ?? '',
    undefined,
    undefined,
    { headerOptions: FILE_HEADERS_ONLY },
  ).trimEnd()
