// Tests that lbuild reports the version of its package.
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { LBUILD_VERSION } from '../../src/platform/lbuildVersion.ts'

it('reports the version of package.json', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  expect(JSON.parse(text)).toHaveProperty('version', LBUILD_VERSION)
})
