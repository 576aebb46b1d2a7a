// Tests that every command with --json prints JSON, also if it fails.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { COMMANDS } from '../../src/graph/names.ts'
import { meetInOther, TINY } from '../support/tiny.ts'
import type { Ended } from '../support/workspace.ts'
import { TestWorkspace } from '../support/workspace.ts'

/** The one document that a command printed. */
const documentOf = ({ stdout }: Ended): Record<string, unknown> =>
  JSON.parse(stdout) as Record<string, unknown>

const failureOf = (headline: RegExp, exitCode: number): object => ({
  schemaVersion: 2,
  failure: { headline: expect.stringMatching(headline), facts: expect.any(Array) },
  exitCode,
})

describe('a failure with --json is one JSON document on standard output, and a message on standard error', () => {
  it('of every command whose config is broken', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': 'export default (' })
    const failed: string[] = []
    for (const name of COMMANDS.filter((one) => one !== 'help')) {
      const { stdout: help } = await workspace.lbuild(name, '--help')
      // `history` reads no config; `watch` prints events.
      if (!help.includes('--json') || ['history', 'watch'].includes(name)) continue
      const operands = /^Usage: .*<target/.test(help) ? ['image'] : []
      const ended = await workspace.lbuild(name, ...operands, '--json')
      expect(documentOf(ended), name).toMatchObject(failureOf(/build\.config\.ts/, 2))
      expect(ended.stderr, name).toMatch(/^error: /)
      expect(ended.code, name).toBe(2)
      failed.push(name)
    }
    for (const name of ['build', 'status', 'why', 'graph', 'boot', 'verify', 'gc', 'doctor', 'update'])
      expect(failed).toContain(name)
  })

  it.each([
    [['imgae', '--json'], /^unknown target 'imgae'$/],
    [['--json'], /^no target given$/],
    [['status', '--json', '--frobnicate'], /^unknown option '--frobnicate'$/],
    [['gc', '--json', '--keep', 'many'], /^invalid value 'many'/],
    [['update', 'pakages', '--json'], /^unknown lockfile 'pakages'$/],
    [['boot', 'image', '--json'], /^'image' has no bootable output$/],
    [['graph', '--format', 'json', 'imgae'], /^unknown target 'imgae'$/],
    [['graph', '--format=json', 'imgae'], /^unknown target 'imgae'$/],
    [['graph', '--format', 'dot', '--json'], /cannot be used with option/],
    [['history', '--build', 'last', '--json'], /^no build is in the log$/],
    [['image', '--json', '--trace', 'no/such/directory'], /trace/],
    [['-C', 'nowhere', 'why', '--json'], /^no such directory/],
  ])('of lbuild %j', async (args, headline) => {
    const ended = await new TestWorkspace(TINY).lbuild(...args)
    expect(documentOf(ended)).toMatchObject(failureOf(headline, 2))
    expect(ended.stderr).toMatch(/^error: /)
    expect(ended.code).toBe(2)
  })

  it('of a build whose tools are missing, which names the tools', async () => {
    const workspace = new TestWorkspace(TINY)
    workspace.edit('artifacts/packed.ts', `tools: ['tar']`, `tools: ['tar', 'no-such-tool']`)
    const ended = await workspace.lbuild('packed', '--json')
    expect(documentOf(ended)).toMatchObject(failureOf(/^a tool is missing$/, 2))
    expect(ended.stdout).toContain('no-such-tool')
  })

  it('of an interrupted build', async () => {
    const workspace = new TestWorkspace(TINY)
    const meeting = meetInOther(workspace)
    const build = workspace.start('other', '--json')
    await meeting.arrived(build)
    build.child.kill('SIGINT')
    const ended = await build.ended
    expect(documentOf(ended)).toEqual(failureOf(/^interrupted$/, 130))
    expect(ended.stderr).toContain('interrupted after')
  })

  it('of a command whose current directory was removed', () => {
    const workspace = new TestWorkspace({})
    const script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" status --json'
    const { status, stdout, stderr } = spawnSync('sh', ['-c', script, workspace.program], {
      cwd: workspace.root,
      encoding: 'utf8',
    })
    expect(JSON.parse(stdout)).toMatchObject(failureOf(/^the current directory was removed$/, 2))
    expect(stderr).toContain('error: the current directory was removed\n')
    expect(status).toBe(2)
  })

  it('but not without --json, nor of a command that takes --json as an argument behind --', async () => {
    const workspace = new TestWorkspace(TINY)
    expect(await workspace.lbuild('imgae')).toMatchObject({ code: 2, stdout: '' })
    const watch = await workspace.lbuild('watch', 'imgae', '--exec', '--', 'echo', '--json')
    expect(watch).toMatchObject({ code: 2, stdout: '' })
  })
})

it('a failure of watch --json is an event of the scope watch', async () => {
  const { code, stdout } = await new TestWorkspace(TINY).lbuild('watch', 'imgae', '--json')
  expect(JSON.parse(stdout)).toMatchObject({
    v: 2,
    at: expect.any(Number),
    type: 'failed',
    scope: 'watch',
    failure: { headline: `unknown target 'imgae'` },
  })
  expect(code).toBe(2)
})

it('graph --json prints the same document as --format json', async () => {
  const workspace = new TestWorkspace(TINY)
  const { stdout, code } = await workspace.lbuild('graph', 'image', '--json')
  expect(stdout).toBe((await workspace.lbuild('graph', 'image', '--format', 'json')).stdout)
  expect(code).toBe(0)
})

describe('doctor --json', () => {
  it('prints the tools, the sandbox and the place of scratch directories', async () => {
    const ended = await new TestWorkspace(TINY).lbuild('doctor', '--json')
    expect(documentOf(ended)).toMatchObject({
      schemaVersion: 2,
      tools: expect.arrayContaining([{ name: 'tar', installed: true }]),
      sandbox: { state: expect.stringMatching(/^(works|unconfined)$/) },
      scratch: expect.stringMatching(/^(memory|disk)$/),
      exitCode: ended.code,
    })
  })

  it('names missing tools, with the failure that says how to install them', async () => {
    const ended = await new TestWorkspace(TINY).lbuild('doctor', '--json', '--with', 'no-such-tool')
    const { tools, failure } = documentOf(ended)
    expect(tools).toContainEqual({ name: 'no-such-tool', installed: false })
    expect(failure).toMatchObject({ headline: expect.stringMatching(/tools? (is|are) missing/) })
    expect([ended.code, ended.stderr]).toEqual([2, ''])
  })
})
