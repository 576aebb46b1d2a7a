// Prints the failure of a command as JSON, for callers that asked for JSON.
import { COMMANDS } from '../graph/names.ts'
import type { Failure } from '../platform/failure.ts'
import { failureData } from '../platform/failureData.ts'
import { WATCH_EVENTS_VERSION } from '../watch/events.ts'
import { print, printDocument } from './render/print.ts'

/**
 * Prints a failure on standard output if the arguments ask for JSON: as one document, or as the last event of `watch`. A
 * command that fails has printed no document.
 */
export function printJsonFailure(argv: readonly string[], failure: Failure): void {
  const end = argv.indexOf('--')
  const words = end < 0 ? argv : argv.slice(0, end)
  if (!asksForJson(words)) return
  const data = failureData(failure)
  if (words.find((word) => COMMANDS.includes(word)) !== 'watch')
    return printDocument({ failure: data, exitCode: failure.exitCode })
  const event = { v: WATCH_EVENTS_VERSION, at: Date.now(), type: 'failed', scope: 'watch', failure: data }
  print(`${JSON.stringify(event)}\n`)
}

const asksForJson = (words: readonly string[]): boolean =>
  words.some(
    (word, at) =>
      word === '--json' || word === '--format=json' || (word === 'json' && words[at - 1] === '--format'),
  )
