import { expect, test } from 'vitest'
import { Failure, renderFailure } from '../../src/platform/failure.ts'

const FULL = new Failure('qcow2: mke2fs failed', {
  facts: [
    ['artifact', 'qcow2'],
    ['work', '/w\n/x'],
  ],
  hint: 'make the disk larger',
  tail: 'mke2fs: No space left\n',
})

test('a failure shows the headline, the tail, the facts in columns, and the hint', () => {
  expect(renderFailure(FULL, false)).toBe(
    [
      'error: qcow2: mke2fs failed',
      '  | mke2fs: No space left',
      '  artifact: qcow2',
      '  work:     /w',
      '            /x',
      '  hint: make the disk larger',
    ].join('\n'),
  )
})

test('with colours the text is the same', () => {
  // oxlint-disable-next-line no-control-regex
  expect(renderFailure(FULL, true).replace(/\x1b\[\d+m/g, '')).toBe(renderFailure(FULL, false))
  expect(renderFailure(FULL, true)).toContain('\x1b[')
})

test('a failure with nothing but a headline is one line', () => {
  const failure = new Failure('no', { tail: '\n' })
  expect(renderFailure(failure, false)).toBe('error: no')
  expect(failure).toMatchObject({ name: 'Failure', message: 'no', exitCode: 1, facts: [], hint: undefined })
})

test('a failure keeps its cause and its exit code', () => {
  const cause = new Error('why')
  expect(new Failure('no', { cause, exitCode: 2 })).toMatchObject({ cause, exitCode: 2 })
  expect('cause' in new Failure('no')).toBe(false)
})
