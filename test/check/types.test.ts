// Tests that the errors of TypeScript are parsed with their places.
import { expect, it } from 'vitest'
import { parseErrors } from '../../src/check/types.ts'

it('errors are parsed with and without a place, and with the lines that continue them', () => {
  const output = `artifacts/a (1).ts(5,62): error TS2339: Property 'tpyo' does not exist.
  The declaration has 'typo'.
error TS5083: Cannot read file 'tsconfig.json'.

Found 2 errors.
`
  expect(parseErrors(output)).toEqual([
    {
      kind: 'type',
      message: "Property 'tpyo' does not exist. (TS2339)\n  The declaration has 'typo'.",
      place: { file: 'artifacts/a (1).ts', line: 5, column: 62 },
    },
    { kind: 'type', message: "Cannot read file 'tsconfig.json'. (TS5083)" },
  ])
})
