// Tests that watch ends when its workspace is gone, and leaves nothing at the old path.
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { meetInOther } from '../support/tiny.ts'
import { builtWatched, Watching } from '../support/watching.ts'
import { TestWorkspace } from '../support/workspace.ts'

const fresh = builtWatched()

/** A built workspace, `ws/distro` in a directory of its own. */
function workspaceBelow(above: string): TestWorkspace {
  mkdirSync(`${above}/ws`)
  const workspace = new TestWorkspace({}, `${above}/ws/distro`)
  fresh().copyTo(workspace)
  return workspace
}

const message = ({ root }: TestWorkspace): string =>
  `error: the workspace was removed or renamed\n  directory: ${root}\n  hint: run lbuild watch again where the workspace is now\n`

it.each([
  ['renamed', (above: string) => renameSync(`${above}/ws/distro`, `${above}/elsewhere`)],
  [
    'removed',
    (above: string) => {
      // On a busy machine, removing the rest may take longer than watch waits for quiet.
      rmSync(`${above}/ws/distro/build.config.ts`)
      rmSync(`${above}/ws/distro`, { recursive: true })
    },
  ],
  [
    'in a directory that is renamed, at the next edit',
    (above: string) => {
      renameSync(`${above}/ws`, `${above}/elsewhere`)
      writeFileSync(`${above}/elsewhere/distro/note.txt`, 'edited')
    },
  ],
])('ends when the workspace is %s', async (_, act) => {
  const above = temporaryDirectory()
  const workspace = workspaceBelow(above)
  const watching = await Watching.of(workspace)
  act(above)
  expect(await watching.ended).toMatchObject({ code: 1, stderr: message(workspace) })
  expect(workspace.exists('')).toBe(false)
})

it('ends when the workspace is renamed while it polls', async () => {
  const above = temporaryDirectory()
  const workspace = workspaceBelow(above)
  // A directory whose name is not UTF-8 makes watch poll.
  mkdirSync(Buffer.from(workspace.path('src/\xff'), 'latin1'))
  const watching = await Watching.of(workspace)
  renameSync(`${above}/ws`, `${above}/elsewhere`)
  expect(await watching.ended).toMatchObject({ code: 1, stderr: message(workspace) })
})

it('cancels the build when the workspace is renamed', async () => {
  const above = temporaryDirectory()
  const workspace = workspaceBelow(above)
  const meeting = meetInOther(workspace)
  const watching = Watching.start(workspace)
  await meeting.arrived(watching)
  renameSync(`${above}/ws/distro`, `${above}/elsewhere`)
  expect(await watching.ended).toMatchObject({ code: 1, stderr: message(workspace) })
  expect(workspace.exists('')).toBe(false)
})

it('continues when another directory takes the place of the workspace', async () => {
  const above = temporaryDirectory()
  const workspace = workspaceBelow(above)
  const other = new TestWorkspace({}, `${above}/other`)
  workspace.copyTo(other)
  other.write('note.txt', 'of the other one')
  const watching = await Watching.of(workspace)
  const from = watching.events.length
  renameSync(workspace.root, `${above}/before`)
  renameSync(other.root, workspace.root)
  await watching.next('built', from, ({ ran }) => ran.includes('other'))
  expect(workspace.read('output/other.txt')).toBe('of the other one')
})

it('builds nothing while build.config.ts is missing', async () => {
  const workspace = workspaceBelow(temporaryDirectory())
  const watching = await Watching.of(workspace)
  const from = watching.events.length
  const config = workspace.read('build.config.ts')
  workspace.remove('build.config.ts')
  workspace.write('note.txt', 'edited')
  await watching.next('idle', from, ({ configFailed }) => configFailed)
  expect(watching.events.slice(from).map(({ type }) => type)).not.toContain('built')
  workspace.write('build.config.ts', config)
  await watching.next('built', from, ({ ran }) => ran.includes('other'))
  expect(workspace.read('output/other.txt')).toBe('edited')
})
