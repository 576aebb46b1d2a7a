// Tests of failures that the code of a distro throws.
import { expect, test } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const FAILURE = `new Failure('no kernel', { facts: [['searched', 'here']], hint: 'add a kernel' })`
const RENDERED = /no kernel\n(?: {2}\|.*\n)* {2}searched: +here\n(?: {2}.*\n)* {2}hint: add a kernel\n/

const config = (code: Partial<Record<'module' | 'produce' | 'mirrors', string>>) => `
import { artifact, defineConfig, Failure, file, lockfile } from 'lbuild'
${code.module ?? ''}
const packages = lockfile('packages', {
  path: 'packages.lock',
  inputs: { list: file('list') },
  tools: [],
  resolve: async () => [{ name: 'a', package: 'a', version: '1', path: 'a', size: 1, sha256: '${'0'.repeat(64)}' }],
  mirrors: () => { ${code.mirrors ?? "return ['file:///nowhere']"} },
})
const image = artifact('image', {
  ${code.mirrors === undefined ? '' : 'inputs: { packages: packages.downloads() },'}
  outputs: { image: 'image' },
  produce() { ${code.produce ?? ''} },
})
export default defineConfig({ artifacts: [packages, image] })
`

test.each([
  ['a producer', { produce: `throw ${FAILURE}` }, 1],
  ['a function of a lockfile', { mirrors: `throw ${FAILURE}` }, 1],
  ['build.config.ts', { module: `throw ${FAILURE}` }, 2],
])('shows the headline, facts and hint of a Failure thrown by %s', async (_, code, expected) => {
  const workspace = new TestWorkspace({ 'build.config.ts': config(code), list: 'a\n' })
  const { stderr, code: exitCode } = await workspace.lbuild('image')
  expect(stderr).toMatch(RENDERED)
  expect(exitCode).toBe(expected)
})
