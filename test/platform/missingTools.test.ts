// Tests of reporting missing tools.
import { expect, test } from 'vitest'
import { renderFailure } from '../../src/platform/renderFailure.ts'
import { missingTools, MissingToolsFailure } from '../../src/platform/missingTools.ts'
import { folder, program } from '../support/fakes.ts'

test('names each missing tool once, in the order given', () => {
  const path = folder()
  program(path, 'mcopy')
  expect(missingTools(['xorriso', 'mcopy', 'mmd', 'xorriso'], path)).toEqual(['xorriso', 'mmd'])
})

test('names all missing tools in one failure', () => {
  const failure = new MissingToolsFailure(['xorriso', 'mmd'])
  expect(failure).toMatchObject({ tools: ['xorriso', 'mmd'], exitCode: 2 })
  expect(renderFailure(failure, false)).toBe(
    [
      'error: 2 tools are missing',
      '  xorriso: must be installed',
      '  mmd:     must be installed',
      '  hint: install the missing tools: lbuild doctor --install',
    ].join('\n'),
  )
})
