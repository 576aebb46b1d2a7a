// Compares two texts line by line.
import { createTwoFilesPatch, diffLines, FILE_HEADERS_ONLY } from 'diff'
import type { TextChange } from '../planner/evidence.ts'

/** Summarizes the change of a text: counts of lines, first changed line, sizes. Only the path if a text is unknown. */
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

/**
 * The unified diff of two texts, with the headers `a/PATH` and `b/PATH` and no final newline (POSIX diff(1), "-u"). An
 * undefined text stands for a missing file.
 */
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
