import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { RELEASE } from '../../src/platform/release.ts'

it('lbuild says the version that its package has', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  expect((JSON.parse(text) as { version: string }).version).toBe(RELEASE)
})
