// Tests that no file of the workspace blocks lbuild: a fifo, or a link to a device without end.
import { execFileSync } from 'node:child_process'
import { rmSync, symlinkSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, lockfile } from 'lbuild'
import './module.ts'
const debs = lockfile('debs', { path: 'debs.lock', inputs: {}, tools: [], resolve: () => [], mirrors: () => [] })
const one = artifact('one', { inputs: { debs: debs.downloads() }, outputs: { o: 'one' }, produce: () => {} })
export default defineConfig({ artifacts: [one, debs] })
`

it.each([
  ['build.config.ts', 'a fifo', /build\.config\.ts is not a regular file/],
  ['module.ts', 'a fifo', /module\.ts is not a regular file/],
  ['module.ts', '/dev/zero', /\/dev\/zero is not a regular file/],
  ['debs.lock', 'a fifo', /cannot read the lockfile '.*debs\.lock'\n +reason: it is a special file/],
  ['debs.lock', '/dev/zero', /cannot read the lockfile '.*debs\.lock'\n +reason: it is a special file/],
])('reports %s if it is %s', async (path, what, message) => {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'module.ts': '' })
  rmSync(workspace.path(path), { force: true })
  if (what === 'a fifo') execFileSync('mkfifo', [workspace.path(path)])
  else symlinkSync(what, workspace.path(path))
  const { code, stderr } = await workspace.lbuild('one')
  expect(stderr).toMatch(message)
  expect(code).toBe(2)
})
