// Tests a lockfile of apt whose keys are in the workspace, in the sandbox.
import { copyFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'
import { archive, signers } from './support/archive.ts'

const { keyring, sign } = signers()

const CONFIG = `import { artifact, defineConfig } from 'lbuild'
import { aptLockfile } from 'lbuild/debian/lockfile'
const packages = aptLockfile('packages', { path: 'packages.lock', list: 'packages.list', keyring: 'archive.gpg' })
const unpacked = artifact('unpacked', {
  inputs: { packages: packages.downloads() },
  outputs: { o: 'unpacked' },
  produce: () => {},
})
export default defineConfig({ artifacts: [packages, unpacked] })
`

/** A workspace that trusts the test's archive. */
function workspaceWithKeys(): TestWorkspace {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'packages.list': 'hello\n' })
  copyFileSync(keyring(), workspace.path('archive.gpg'))
  return workspace
}

it('pins what the keys of the workspace have signed, and is outdated when they change', async () => {
  const workspace = workspaceWithKeys()
  const { url } = await archive((text) => sign(text, 'archive'))
  await workspace.succeed('update', 'packages', '--mirror', url)
  const { files } = JSON.parse(workspace.read('packages.lock')) as { files: object[] }
  expect(files).toMatchObject([{ name: 'hello_2.10-3_amd64.deb', sha256: '1'.repeat(64) }])
  workspace.write('archive.gpg', Buffer.concat([workspace.bytes('archive.gpg'), Buffer.from('more')]))
  expect((await workspace.lbuild('why', 'unpacked')).stdout).toContain('packages.lock is outdated')
})

it('writes no lockfile if a stranger has signed the archive', async () => {
  const workspace = workspaceWithKeys()
  const { url } = await archive((text) => sign(text, 'stranger'))
  const { code, stderr } = await workspace.lbuild('update', 'packages', '--mirror', url)
  expect(stderr).toContain('NO_PUBKEY')
  expect([code, workspace.exists('packages.lock')]).toEqual([1, false])
})
