// Tests that the umask of the caller decides neither keys nor outputs.
import { chmodSync, readdirSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { TINY } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

/** The names of the records and objects that a build leaves, which contain keys and digests. */
async function contentsOf(workspace: TestWorkspace): Promise<readonly (readonly string[])[]> {
  await workspace.succeed('image', 'roster')
  return ['records', 'objects'].map((part) => Object.keys(workspace.state(`cache/${part}`)))
}

let usual: readonly (readonly string[])[]

beforeAll(async () => {
  usual = await contentsOf(new TestWorkspace(TINY, TestWorkspace.lasting()))
})

it('with umask 077, producers can read an lbuild that was compiled with it', async () => {
  const workspace = new TestWorkspace(TINY)
  workspace.env['LBUILD_CACHE_DIR'] = workspace.path('elsewhere')
  expect((await workspace.withUmask('077').lbuild('image')).code).toBe(0)
  expect(workspace.exists('output/tiny.img')).toBe(true)
})

describe.each(['000', '027', '077'])('with umask %s', (umask) => {
  it('a build makes the same keys and outputs', async () => {
    const workspace = new TestWorkspace(TINY)
    expect(await contentsOf(workspace.withUmask(umask))).toEqual(usual)
    expect((await workspace.lbuild('image', 'roster')).stdout).toMatch(/^image, roster are fresh/)
  })

  it('a build makes the same from sources that only their owner may read', async () => {
    const workspace = new TestWorkspace(TINY)
    for (const entry of readdirSync(workspace.root, { recursive: true, withFileTypes: true }))
      chmodSync(`${entry.parentPath}/${entry.name}`, entry.isDirectory() ? 0o700 : 0o600)
    expect(await contentsOf(workspace.withUmask(umask))).toEqual(usual)
  })
})
