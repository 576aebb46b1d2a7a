// Tests that an output always matches its key, even if inputs or outputs change during the run.
import { rmSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Meeting } from '../support/meeting.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, file, tree } from 'lbuild'
const slow = artifact('slow', {
  inputs: { note: file('note.txt') }, tools: ['meet', 'cp'], outputs: { slow: 'slow.txt' },
  async produce({ inputs, outputs, run }) {
    await run('meet', [])
    await run('cp', [inputs.note, outputs.slow])
  },
})
const after = artifact('after', {
  inputs: { slow: slow.output('slow'), links: tree('links') }, outputs: { after: 'after.txt' },
  async produce({ inputs, outputs }) {
    const fs = await import('node:fs')
    const link = fs.readlinkSync(inputs.links + '/link')
    fs.writeFileSync(outputs.after, link + ' ' + fs.readdirSync(inputs.links) + ' ' + fs.readFileSync(inputs.slow, 'utf8'))
  },
})
export default defineConfig({ artifacts: [slow, after], toolPath: ['tools'] })
`

function workspaceWithMeeting(): { workspace: TestWorkspace; meeting: Meeting } {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'note.txt': 'before', 'links/file': 'x' })
  symlinkSync('one', workspace.path('links/link'))
  return { workspace, meeting: new Meeting(workspace) }
}

/** Builds `after`, and calls `action` while its dependency `slow` runs. */
async function buildAround(workspace: TestWorkspace, meeting: Meeting, action: () => void): Promise<void> {
  const build = workspace.start('after')
  await meeting.arrived(build)
  action()
  await meeting.release()
  const { code, stderr } = await build.ended
  expect(stderr).not.toContain('internal error')
  expect(code).toBe(0)
}

describe('a change during a run', () => {
  it('of an input is reported, does not affect the output, and is in the next build', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    const first = workspace.start('slow', '--json')
    await meeting.arrived(first)
    workspace.write('note.txt', 'after!')
    await meeting.release()
    const { code, stderr } = await first.ended
    expect(code).toBe(0)
    expect(stderr).toContain(`note.txt changed during the run of 'slow'`)
    expect(workspace.read('output/slow.txt')).toBe('before')
    const next = workspace.start('slow', '--json')
    await meeting.arrived(next)
    await meeting.release()
    expect((await next.ended).stderr).toContain('note.txt changed')
    expect(workspace.read('output/slow.txt')).toBe('after!')
    // The record of the first run belongs to the inputs of that run.
    workspace.write('note.txt', 'before')
    expect((await workspace.build('slow')).restored).toEqual(['slow'])
    expect(workspace.read('output/slow.txt')).toBe('before')
  })

  it('of an output is preserved', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    const first = workspace.start('slow')
    await meeting.arrived(first)
    workspace.write('output/slow.txt', 'by hand')
    await meeting.release()
    const { code, stderr } = await first.ended
    expect(code).toBe(0)
    expect(stderr).toContain('output/slow.txt.preserved-1')
    expect(workspace.read('output/slow.txt.preserved-1')).toBe('by hand')
    expect(workspace.read('output/slow.txt')).toBe('before')
  })
})

describe('a change of a tree before its producer starts', () => {
  const edits: readonly [
    string,
    (workspace: TestWorkspace) => void,
    (workspace: TestWorkspace) => void,
    string,
  ][] = [
    [
      'of the target of a link',
      (it) => (rmSync(it.path('links/link')), symlinkSync('two', it.path('links/link'))),
      (it) => (rmSync(it.path('links/link')), symlinkSync('one', it.path('links/link'))),
      'two file,link noted',
    ],
    [
      'of the name of a file',
      (it) => it.rename('links/file', 'links/life'),
      (it) => it.rename('links/life', 'links/file'),
      'one life,link noted',
    ],
  ]

  it.each(edits)('%s gives an output that matches its key', async (_, edit, undo, edited) => {
    const { workspace, meeting } = workspaceWithMeeting()
    await buildAround(workspace, meeting, () => {})
    workspace.write('note.txt', 'noted')
    await buildAround(workspace, meeting, () => edit(workspace))
    // The run may use either content; the next build is correct, and so is the one after the edit is reverted.
    await workspace.build('after')
    expect(workspace.read('output/after.txt')).toBe(edited)
    undo(workspace)
    expect((await workspace.lbuild('after')).code).toBe(0)
    expect(workspace.read('output/after.txt')).toBe('one file,link noted')
  })
})
