// Prints results on standard output.
import { writeSync } from 'node:fs'
import { errorCode } from '../../platform/disk.ts'
import { isLostTerminal } from '../lostTerminal.ts'

/**
 * Prints a text at once. Writes directly to the descriptor, because loading process.stdout takes as long as all other
 * work of lbuild. If the reader has gone away, such as head(1), the process ends quietly. If standard output is a terminal
 * that was lost, the text is lost, too, and the work goes on.
 */
export function print(text: string): void {
  const bytes = Buffer.from(text)
  for (let done = 0; done < bytes.length;)
    try {
      done += writeSync(1, bytes, done)
    } catch (error) {
      const code = errorCode(error)
      if (code === 'EPIPE') process.exit(0)
      if (code === 'EIO' && isLostTerminal(1)) return
      if (code !== 'EAGAIN') throw error
    }
}

/** Grows when a field of a JSON document is renamed, removed or changes its meaning, not when one is added. */
export const SCHEMA_VERSION = 2

/** One JSON document, without a final newline. */
export const documentText = (document: object): string =>
  JSON.stringify({ schemaVersion: SCHEMA_VERSION, ...document }, undefined, 2)

/** Prints one JSON document. */
export const printDocument = (document: object): void => print(`${documentText(document)}\n`)
