// Tests that the history shows from the event log alone what past builds did and how they ended.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { LoggedArtifact } from '../../src/events/loggedBuild.ts'
import { waiting } from '../support/processes.ts'
import { builtTiny, meetInOther, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'
import type { DetailDocument } from './support/history.ts'
import { detail, EMPTY, history } from './support/history.ts'

const built = builtTiny()

const artifactOf = ({ artifacts }: DetailDocument, name: string): LoggedArtifact =>
  artifacts.find((one) => one.name === name)!

describe('the history', () => {
  it('lists every build, newest first, with its request and the outcome of each artifact', async () => {
    const workspace = built()
    await workspace.lbuild('image', '--disk-size', '7', '--jobs', '1')
    await workspace.lbuild('image', 'other', '--force')
    workspace.remove('output/docs/roster.txt')
    await workspace.lbuild('roster')
    const [restore, forced, resized, first, ...others] = await history(workspace)
    expect(others).toEqual([])
    expect(first).toMatchObject({
      ...EMPTY,
      targets: TINY_TARGETS,
      params: {},
      end: 'done',
      savedSeconds: 0,
      built: ['packed', 'names', 'image', 'roster', 'other'],
    })
    expect(resized).toMatchObject({
      ...EMPTY,
      params: { diskSize: '7' },
      jobs: 1,
      built: ['image'],
      fresh: ['packed', 'names'],
    })
    expect(resized!.savedSeconds).toBeGreaterThan(0)
    expect(forced).toMatchObject({ targets: ['image', 'other'], force: true, built: ['image', 'other'] })
    expect(restore).toMatchObject({ ...EMPTY, restored: ['roster'], fresh: ['names'], end: 'done' })
    const ids = [first, resized, forced, restore].map((build) => build!.id)
    expect(ids.toSorted()).toEqual(ids)
    for (const { id, startedAt, seconds } of [first!, restore!]) {
      expect(id).toMatch(/^\d{8}-\d{6}-\d{3}-[0-9a-f]{6}$/)
      expect(Math.abs(Date.parse(startedAt) - Date.now())).toBeLessThan(600_000)
      expect(seconds).toBeGreaterThan(0)
    }
  })

  it('lists no build that had nothing to do, not even one that waited while another did it', async () => {
    const workspace = built()
    const before = workspace.state('cache/log')
    await workspace.build('image')
    await workspace.lbuild('image', '--dry-run')
    await workspace.lbuild('verify', 'image')
    expect(workspace.state('cache/log')).toEqual(before)
    const meeting = meetInOther(workspace)
    const first = workspace.start('other')
    await meeting.arrived(first)
    const second = workspace.start('other')
    await waiting(second)
    await meeting.release()
    const both = await Promise.all([first.ended, second.ended])
    expect(both.map(({ code }) => code)).toEqual([0, 0])
    expect(both[1].stdout).toContain('nothing to do')
    expect(await history(workspace)).toHaveLength(2)
  })

  it('lists no other commands that write a log', async () => {
    const workspace = built()
    expect((await workspace.lbuild('verify', '--rebuild', 'other')).code).toBe(0)
    expect(fs.readdirSync(workspace.path('cache/log'))).toHaveLength(2)
    expect(await history(workspace)).toHaveLength(1)
    expect((await detail(workspace)).built).toHaveLength(5)
  })

  it('shows early cutoffs, and why each artifact ran', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    await workspace.build('image', 'roster')
    const build = await detail(workspace)
    expect(build.explanation.causes).toMatchObject([
      { reason: { kind: 'changed', now: { kind: 'tree', path: 'src' } }, artifacts: ['packed', 'names'] },
    ])
    expect(artifactOf(build, 'names')).toMatchObject({ outcome: 'built', changed: false })
    expect(artifactOf(build, 'names').outputs).toMatchObject([{ name: 'names', changed: false }])
    expect(artifactOf(build, 'packed')).toMatchObject({ outcome: 'built', changed: true, dependencies: [] })
    expect(artifactOf(build, 'roster')).toMatchObject({ outcome: 'fresh', cutOff: true })
    const image = artifactOf(build, 'image')
    expect(image).toMatchObject({ outcome: 'built', dependencies: ['packed', 'names'] })
    expect(image.reasons).toMatchObject([{ kind: 'changed', now: { kind: 'output', name: 'tar' } }])
    expect(image.key).toMatch(/^[0-9a-f]{64}$/)
    expect(image.outputs).toMatchObject([{ name: 'image', path: 'tiny.img', published: true, changed: true }])
    expect(image.attempts[0]!.phases.map(({ name }) => name)).toEqual([
      'inputs',
      'produce',
      'store',
      'publish',
    ])
    // An artifact that was fresh from the start has no early cutoff.
    workspace.write('src/hello', 'hello again\n')
    await workspace.build('image', 'other')
    expect(artifactOf(await detail(workspace), 'other')).toMatchObject({ outcome: 'fresh', cutOff: false })
  })

  it('shows whether restoring an artifact changed its output', async () => {
    const workspace = built()
    await workspace.build('image', '--disk-size', '7')
    await workspace.build('image')
    const { savedSeconds, ...image } = artifactOf(await detail(workspace), 'image')
    expect(image).toMatchObject({ outcome: 'restored', changed: true, reasons: [{ kind: 'changed' }] })
    expect(savedSeconds).toBeGreaterThan(0)
    workspace.remove('output/tiny.img')
    await workspace.build('image')
    expect(artifactOf(await detail(workspace), 'image')).toMatchObject({
      outcome: 'restored',
      changed: false,
      reasons: [{ kind: 'output-missing' }],
    })
  })

  it('shows a failure, the artifacts skipped because of it, and warnings', async () => {
    const workspace = built()
    workspace.edit('artifacts/packed.ts', '--sort=name', '--sort=nobody-knows')
    workspace.write('note.txt', 'another note\n')
    const { code } = await workspace.lbuild('image', 'other', '--keep-going')
    expect(code).toBe(1)
    const build = await detail(workspace)
    expect(build).toMatchObject({ end: 'failed', failed: ['packed'], skipped: ['image'], built: ['other'] })
    expect(artifactOf(build, 'packed')).toMatchObject({
      failure: { headline: 'tar failed' },
      reasons: [{ kind: 'module', module: 'artifacts/packed.ts' }],
    })
    expect(artifactOf(build, 'image')).toMatchObject({ failedArtifact: 'packed' })
    const { stdout } = await workspace.lbuild('history', '--build', 'last')
    expect(stdout).toMatch(/^failed +packed +[\d.]+ s +tar failed$/m)
    expect(stdout).toMatch(/^skipped +image +because packed failed$/m)
    expect(stdout).toContain('error: packed: tar failed\n')
    expect(stdout).toContain('nobody-knows')
  })

  it('shows a build that failed before any artifact ran', async () => {
    const workspace = new TestWorkspace({
      'build.config.ts': `import { artifact, defineConfig, lockfile } from 'lbuild'
const packages = lockfile('packages', { path: 'packages.lock', inputs: {}, tools: [],
  resolve: () => { throw new Error('the mirror has burnt down') }, mirrors: () => [] })
const base = artifact('base', { inputs: { packages: packages.downloads() }, outputs: { base: 'base' }, produce() {} })
export default defineConfig({ artifacts: [packages, base] })
`,
    })
    const { code, stderr } = await workspace.lbuild('base')
    expect(stderr).toContain('the mirror has burnt down')
    expect(code).toBe(1)
    const build = await detail(workspace)
    expect(build).toMatchObject({ ...EMPTY, end: 'failed', unreached: ['base'], savedSeconds: null })
    expect(build.failure?.headline).toBe('the mirror has burnt down')
    expect((await workspace.lbuild('history', '--build', 'last')).stdout).toContain(
      'the mirror has burnt down',
    )
  })

  it.each([
    ['SIGINT', 'interrupted', 'interrupted after'],
    ['SIGKILL', 'unfinished', 'did not finish'],
  ] as const)('shows after %s that the build is %s', async (signal, end, message) => {
    const workspace = built()
    const meeting = meetInOther(workspace)
    workspace.write('src/new', 'new\n')
    const build = workspace.start('other', 'image', '--jobs', '1')
    await meeting.arrived(build)
    build.child.kill(signal)
    await build.ended
    const [last] = await history(workspace)
    expect(last).toMatchObject({ end, savedSeconds: null, incomplete: false, failed: [] })
    expect(last!.unfinished).toEqual(['other'])
    expect([...last!.built, ...last!.unreached, ...last!.unfinished].toSorted()).toEqual([
      'image',
      'names',
      'other',
      'packed',
    ])
    const { stdout } = await workspace.lbuild('history')
    expect(stdout).toContain(message)
    expect((await workspace.lbuild('history', '--build', 'last')).stdout).toMatch(/^unfinished +other/m)
  })
})
