// Tests what a Failure carries and how it is rendered.
import { expect, test } from 'vitest'
import { Failure } from '../../src/platform/failure.ts'
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
