// Tests that producers run without a sandbox where namespaces are unavailable, and that this is reported.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import { PATIENCE } from '../support/processes.ts'
import { Meeting } from '../support/meeting.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, file } from 'lbuild'
const one = artifact('one', { inputs: { note: file('note.txt') }, tools: ['meet', 'cp'], outputs: { one: 'one.txt' },
  async produce({ inputs, outputs, run }) {
    await run('meet', [])
    await run('cp', [inputs.note, outputs.one])
  },
})
const two = artifact('two', { inputs: { one: one.output('one') }, tools: ['cp'], outputs: { two: 'two.txt' },
  async produce({ inputs, outputs, run }) { await run('cp', [inputs.one, outputs.two]) } })
export default defineConfig({ artifacts: [one, two], toolPath: ['tools'] })
`

function workspaceWithMeeting(): { workspace: TestWorkspace; meeting: Meeting } {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'note.txt': 'a note' }).withoutNamespaces()
  return { workspace, meeting: new Meeting(workspace) }
}

const running = (root: string): string[] =>
  readdirSync('/proc').filter((id) => {
    try {
      return (
        /^\d+$/.test(id) &&
        (readlinkSync(`/proc/${id}/cwd`).startsWith(root) ||
          readFileSync(`/proc/${id}/cmdline`, 'latin1').includes(root))
      )
    } catch {
      return false
    }
  })

describe('without namespaces', () => {
  it('a build warns once, produces the same outputs, and status marks them', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    const build = workspace.start('two')
    await meeting.arrived(build)
    await meeting.release()
    const { code, stderr } = await build.ended
    expect(code).toBe(0)
    expect(stderr.match(/warning: producers run unconfined/g)).toHaveLength(1)
    expect(workspace.read('output/two.txt')).toBe('a note')
    expect((await workspace.lbuild('status')).stdout).toMatch(/fresh +two +built in .*, unconfined/)
  })

  it('the producer and its tools end with lbuild, even after SIGKILL', async () => {
    const { workspace, meeting } = workspaceWithMeeting()
    const build = workspace.start('two')
    await meeting.arrived(build)
    expect(running(workspace.root).length).toBeGreaterThan(1)
    build.child.kill('SIGKILL')
    expect((await build.ended).code).toBe('SIGKILL')
    // The processes end without a notification.
    await vi.waitUntil(() => running(workspace.root).length === 0, { timeout: PATIENCE })
  })
})

it('a background process of a tool ends with the producer', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': `import { artifact, defineConfig } from 'lbuild'
const one = artifact('one', { tools: ['sh'], outputs: { one: 'one.txt' },
  async produce({ outputs, run }) {
    await run('sh', ['-c', '(exec sleep 600) >/dev/null 2>&1 & echo now > "$0"', outputs.one])
  },
})
export default defineConfig({ artifacts: [one] })
`,
  }).withoutNamespaces()
  expect((await workspace.lbuild('one')).code).toBe(0)
  await vi.waitUntil(() => running(workspace.root).length === 0, { timeout: PATIENCE })
})

it('what was built without a sandbox is built again where there is one, and then counts everywhere', async () => {
  const unconfined = new TestWorkspace({
    'build.config.ts': CONFIG.replace(`await run('meet', [])`, '').replace(`'meet', `, ''),
    'note.txt': 'a note',
  }).withoutNamespaces()
  const confined = new TestWorkspace({}, unconfined.root)
  expect((await unconfined.build('two')).ran).toEqual(['one', 'two'])
  expect((await unconfined.build('two')).ran).toEqual([])
  const { stdout } = await confined.lbuild('why', 'two')
  expect(stdout).toContain('made without a sandbox, which this host has: one')
  expect((await confined.build('two')).ran).toEqual(['one', 'two'])
  expect((await confined.build('two')).ran).toEqual([])
  expect((await unconfined.build('two')).ran).toEqual([])
  expect((await unconfined.lbuild('status')).stdout).not.toContain('unconfined')
})
