// Tests workspaces in directories with odd names: they build, and with the same keys as anywhere else.
import { spawnSync } from 'node:child_process'
import { mkdirSync, renameSync, symlinkSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { TINY } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

/** The names of the records that a build leaves: they contain the keys. */
async function recordsOf(workspace: TestWorkspace): Promise<readonly string[]> {
  await workspace.succeed('image', 'other')
  return Object.keys(workspace.state('cache/records'))
}

let records: readonly string[]

beforeAll(async () => {
  records = await recordsOf(new TestWorkspace(TINY, TestWorkspace.lasting()))
})

const NAMES = [
  'a*b',
  '**',
  'a\\b',
  'a\\nb',
  '\\*',
  'a?b',
  'a#b',
  'a%5Cb',
  'a b',
  'a\nb',
  "a'b",
  'a"b',
  'a$HOME',
  'a:b',
  'a,b=c',
  '[ab]{c,d}',
  '-n',
  'ä',
]

describe.each(NAMES)('a workspace in %j', (name) => {
  it('is built and then fresh, with the keys of any other directory', async () => {
    const root = `${temporaryDirectory()}/${name}`
    mkdirSync(root)
    const workspace = new TestWorkspace(TINY, root)
    expect(await recordsOf(workspace)).toEqual(records)
    expect(workspace.read('output/other.txt')).toBe('a note\n')
    expect((await workspace.lbuild('other')).stdout).toMatch(/^other is fresh/)
  })
})

describe('a workspace whose path is not UTF-8', () => {
  const NAME = Buffer.from('caf\xe9', 'latin1')

  /** A workspace in such a directory, and the directory above it. */
  function workspaceAbove(): TestWorkspace {
    const above = new TestWorkspace({})
    renameSync(
      new TestWorkspace(TINY, above.path('workspace')).root,
      Buffer.concat([Buffer.from(above.path('')), NAME]),
    )
    return above
  }

  const message = (above: TestWorkspace): string =>
    `error: the path of the workspace is not UTF-8\n  path: ${above.path('caf\ufffd')}\n  hint: rename the directory whose name contains \ufffd\n`

  it('is refused in its directory', () => {
    const above = workspaceAbove()
    const script = `cd "$(printf 'caf\\351')" && exec "$0" other`
    const { status, stderr } = spawnSync('sh', ['-c', script, above.program], {
      cwd: above.root,
      encoding: 'utf8',
    })
    expect([status, stderr]).toEqual([2, message(above)])
  })

  it('is refused through a symlink', async () => {
    const above = workspaceAbove()
    symlinkSync(NAME, above.path('link'))
    expect(await above.lbuild('-C', 'link', 'other')).toMatchObject({ code: 2, stderr: message(above) })
  })
})

it('a current directory that was removed is reported', () => {
  const workspace = new TestWorkspace({})
  const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" other'
  const { status, stderr } = spawnSync('sh', ['-c', script, workspace.program], {
    cwd: workspace.root,
    encoding: 'utf8',
  })
  expect(stderr).toContain(
    'error: the current directory was removed\n  hint: change to a directory that exists\n',
  )
  expect(status).toBe(2)
})
