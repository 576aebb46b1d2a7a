// Tests what a Failure carries and how it is rendered.
import { expect, test } from 'vitest'
import { Failure, lastLines } from '../../src/platform/failure.ts'
import { renderFailure } from '../../src/platform/renderFailure.ts'

const FULL = new Failure('qcow2: mke2fs failed', {
  facts: [
    ['artifact', 'qcow2'],
    ['directory', '/w\n/x'],
  ],
  hint: 'make the disk larger',
  tail: 'mke2fs: No space left\n',
})

test('renders the headline, the tail, the facts in columns and the hint', () => {
  expect(renderFailure(FULL, false)).toBe(
    [
      'error: qcow2: mke2fs failed',
      '  | mke2fs: No space left',
      '  artifact:  qcow2',
      '  directory: /w',
      '             /x',
      '  hint: make the disk larger',
    ].join('\n'),
  )
})

test('renders the same text with colors', () => {
  // oxlint-disable-next-line no-control-regex
  expect(renderFailure(FULL, true).replace(/\x1b\[\d+m/g, '')).toBe(renderFailure(FULL, false))
  expect(renderFailure(FULL, true)).toContain('\x1b[')
})

test('renders a failure that has only a headline as one line', () => {
  const failure = new Failure('no', { tail: '\n' })
  expect(renderFailure(failure, false)).toBe('error: no')
  expect(failure).toMatchObject({ name: 'Failure', message: 'no', exitCode: 1, facts: [], hint: undefined })
})

test('carries the cause and the exit code', () => {
  const cause = new Error('why')
  expect(new Failure('no', { cause, exitCode: 2 })).toMatchObject({ cause, exitCode: 2 })
  expect('cause' in new Failure('no')).toBe(false)
})

test('is rendered without control characters, whoever wrote its text', () => {
  const evil = '\u001b]0;title\u0007\u001b[2J\u009b31m\r'
  const failure = new Failure(`a${evil}b`, {
    facts: [[`label${evil}`, `one${evil}\ntwo${evil}`]],
    hint: `do${evil} it`,
    tail: `tool${evil}\nsaid${evil}`,
  })
  const text = renderFailure(failure, false)
  // oxlint-disable-next-line no-control-regex
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  expect(text.split('\n')).toHaveLength(6)
  for (const word of ['a', 'b', 'label', 'one', 'two', 'tool', 'said']) expect(text).toContain(word)
})

test('shows the last lines of a text, and of a long line only its end', () => {
  expect(lastLines(Array.from({ length: 50 }, (_, line) => `line ${line}`).join('\n'))).toMatch(/^line 20\n/)
  const long = lastLines(`${'x'.repeat(20_000_000)} the end\n`)
  expect(long).toHaveLength(16 * 1024 + 1)
  expect(long).toMatch(/^…x+ the end$/)
})
