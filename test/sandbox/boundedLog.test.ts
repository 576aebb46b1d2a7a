// Tests that the log of a run stays small.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { BoundedLog } from '../../src/sandbox/boundedLog.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** The log of some writes with a limit of 10 bytes for its beginning. */
function logOf(...writes: readonly string[]): string {
  const path = `${temporaryDirectory()}/log`
  const log = new BoundedLog(path, 10)
  for (const text of writes) log.write(Buffer.from(text))
  log.close()
  return readFileSync(path, 'utf8')
}

it('a short log has everything', () => {
  expect(logOf('one\n', 'two\n')).toBe('one\ntwo\n')
  expect(logOf('0123456789')).toBe('0123456789')
})

it('a log that is a little longer has everything, too', () => {
  expect(logOf('01234567', '89abc', 'def')).toBe('0123456789abcdef')
})

it('a long log has its beginning, its end, and the number of bytes between them', () => {
  const middle = 'm'.repeat(1000)
  const log = logOf('beginning…', middle, middle, 'e'.repeat(65_536))
  expect(log).toBe(
    `${Buffer.from('beginning…').subarray(0, 10)}\n… ${2000 + 2} bytes omitted …\n${'e'.repeat(65_536)}`,
  )
})
