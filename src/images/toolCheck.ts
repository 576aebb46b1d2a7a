/**
 * Reports what a checking tool found.
 * @module lbuild/images/toolCheck
 */
import { Failure } from '../api/index.ts'

/** Awaits a checking tool. When it fails, rejects with a Failure that has this headline and shows the tool's output. */
export async function passCheck(headline: string, check: Promise<unknown>): Promise<void> {
  try {
    await check
  } catch (cause) {
    throw new Failure(headline, { tail: outputOf(cause), cause })
  }
}

/** The output of a failed tool, as far as the error carries it. */
function outputOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'tail' in error && typeof error.tail === 'string' ? error.tail : error.message
}
