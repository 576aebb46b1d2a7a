// Two files to compare.
import * as fs from 'node:fs'
import { memoryDirectory } from '../../support/temporary.ts'

/** Writes two files into a directory of the test; returns their paths. */
export function filePair(before: string | Uint8Array, now: string | Uint8Array): [string, string] {
  const root = memoryDirectory()
  fs.writeFileSync(`${root}/before`, before)
  fs.writeFileSync(`${root}/now`, now)
  return [`${root}/before`, `${root}/now`]
}
