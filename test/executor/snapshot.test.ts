import { rmSync, symlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Meeting } from '../support/meeting.ts'
import { TestWorkspace } from '../support/workspace.ts'

// An output is of what its key says, whatever is edited while it is made.

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

/** Builds `after`, doing something while `slow` runs below it. */
async function buildMeanwhile(workspace: TestWorkspace, meeting: Meeting, action: () => void): Promise<void> {
  const build = workspace.start('after')
  await meeting.arrived(build)
  action()
  await meeting.release()
  const { code, stderr } = await build.ended
  expect(stderr).not.toContain('internal error')
  expect(code).toBe(0)
}

describe('an input that is edited while its producer runs', () => {
  it('is not in the output; a warning names it, and the next build takes it in', async () => {
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
    // And the record of the first run is of what that run saw.
    workspace.write('note.txt', 'before')
    expect((await workspace.build('slow')).restored).toEqual(['slow'])
    expect(workspace.read('output/slow.txt')).toBe('before')
  })

  it('an output that is changed while its producer runs is kept aside', async () => {
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

describe('an input that is edited before its producer begins, in a tree that had stood still', () => {
  const edits: readonly [
    string,
    (workspace: TestWorkspace) => void,
    (workspace: TestWorkspace) => void,
    string,
  ][] = [
    [
      'a link with another target',
      (it) => (rmSync(it.path('links/link')), symlinkSync('two', it.path('links/link'))),
      (it) => (rmSync(it.path('links/link')), symlinkSync('one', it.path('links/link'))),
      'two file,link noted',
    ],
    [
      'a file renamed',
      (it) => it.rename('links/file', 'links/life'),
      (it) => it.rename('links/life', 'links/file'),
      'one life,link noted',
    ],
  ]

  it.each(edits)('%s: the output is of what its key says', async (_, edit, undo, edited) => {
    const { workspace, meeting } = workspaceWithMeeting()
    await buildMeanwhile(workspace, meeting, () => {})
    workspace.write('note.txt', 'noted')
    await buildMeanwhile(workspace, meeting, () => edit(workspace))
    // Whichever of the two it took, what is built next is right, and so is what is built when the edit is undone.
    await workspace.build('after')
    expect(workspace.read('output/after.txt')).toBe(edited)
    undo(workspace)
    expect((await workspace.lbuild('after')).code).toBe(0)
    expect(workspace.read('output/after.txt')).toBe('one file,link noted')
  })
})
