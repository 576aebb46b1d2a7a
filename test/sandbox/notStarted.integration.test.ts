// Tests the error for a tool that the kernel cannot start.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

/** A workspace whose producer runs the tool `t` with some arguments of `run`. */
const running = (call: string, tool = '#!/bin/sh\nexit 0\n'): TestWorkspace => {
  const workspace = new TestWorkspace({
    'build.config.ts': `import { artifact, defineConfig } from 'lbuild'
import { rmSync } from 'node:fs'
const one = artifact('one', { tools: ['t'], outputs: { o: 'one' }, produce: async ({ run, work }) => { await run('t', ${call}) } })
export default defineConfig({ artifacts: [one], toolPath: ['tools'] })
`,
  })
  workspace.write('tools/t', tool, 0o755)
  return workspace
}

it.each([
  ['in a directory that does not exist', `[], { cwd: work + '/missing' }`, /reason: .*cwd.*missing/],
  ['in a file', `[], { cwd: '/etc/passwd' }`, /reason: .*cwd.*passwd/],
  ['with a longer argument than the kernel takes', `['x'.repeat(200_000)]`, /reason: .*E2BIG/],
  ['with more arguments than the kernel takes', `Array(400_000).fill('an argument')`, /reason: .*E2BIG/],
])('a tool that runs %s is reported with the reason', async (_, call, reason) => {
  const { code, stderr } = await running(call).lbuild('one')
  expect(stderr).toMatch(/error: one: t could not start\n/)
  expect(stderr).toMatch(reason)
  expect(stderr.length).toBeLessThan(4000)
  expect(code).toBe(1)
})
