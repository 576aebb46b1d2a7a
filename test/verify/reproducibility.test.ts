import * as fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { allowedProcessors, otherCircumstances } from '../../src/executor/variation.ts'
import { flip, outputObject, record } from '../support/damage.ts'
import { Meeting } from '../support/meeting.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { Ended } from '../support/workspace.ts'
import { TestWorkspace } from '../support/workspace.ts'

// `lbuild verify --rebuild` runs producers again in other circumstances and finds what a key cannot hold.

/** A distro whose artifacts have each a producer of this body, in this order. */
function distro(bodies: Readonly<Record<string, string>>, more = ''): TestWorkspace {
  const artifacts = Object.entries(bodies).map(
    ([
      name,
      body,
    ]) => `const ${name} = artifact('${name}', { outputs: { out: '${name}.out' }, tools: ['tar', 'touch'],
  async produce({ outputs, run, work, scratch }) { ${body} } })\n`,
  )
  return new TestWorkspace({
    'build.config.ts': `import { artifact, defineConfig } from 'lbuild'
import * as fs from 'node:fs'
import * as os from 'node:os'
import { randomBytes } from 'node:crypto'
${artifacts.join('')}${more}export default defineConfig({ artifacts: [${Object.keys(bodies).join(', ')}] })
`,
  })
}

const writing = (content: string): string => `fs.writeFileSync(outputs.out, ${content})`

const rebuild = (workspace: TestWorkspace, ...args: readonly string[]): Promise<Ended> =>
  workspace.lbuild('verify', '--rebuild', ...args)

/** The outcome of each artifact, in the order in which they are told. */
const outcomes = (stdout: string): string[] =>
  [...stdout.matchAll(/^(differs|failed) +(\w+)$/gm)].map(([, outcome, name]) => `${outcome} ${name}`)

const workDirectories = (workspace: TestWorkspace): string[] => fs.readdirSync(workspace.path('cache/work'))

describe('producers that make the same again', () => {
  const built = builtTiny()

  it('are told so, with exit code 0, and nothing is published, recorded or left', async () => {
    const workspace = built()
    const before = workspace.verdictState()
    const { code, stdout, stderr } = await rebuild(workspace, ...TINY_TARGETS)
    expect(stdout).toMatch(/^5 artifacts built again in [\d.]+ s: the same bytes\n$/)
    expect(stderr.match(/^same /gm)).toHaveLength(5)
    expect(code).toBe(0)
    const { objects, ...published } = workspace.verdictState()
    expect(published).toEqual({ records: before['records'], output: before['output'] })
    expect(Object.keys(objects!)).toEqual(Object.keys(before['objects']!))
    expect(workDirectories(workspace)).toEqual([])
    expect(await rebuild(workspace, 'other', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('must be up to date: exit code 2, and what to do', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    const { code, stdout, stderr } = await rebuild(workspace, 'image')
    expect(stderr).toContain('error: only what is up to date can be built again and compared')
    expect(stderr).toContain('packed: stale')
    expect(stderr).toContain('hint: build first: lbuild image')
    expect([code, stdout]).toEqual([2, ''])
    expect((await rebuild(workspace, 'other')).code).toBe(0)
  })

  it('whose input in the store is damaged cannot be judged, and that is said', async () => {
    const workspace = built()
    flip(workspace, outputObject(workspace, 'packed'), 600)
    const { code, stdout } = await rebuild(workspace, 'image', '--jobs', '1')
    expect(outcomes(stdout)).toEqual(['failed image'])
    expect(stdout).toContain('a damaged object of the store was quarantined')
    expect(code).toBe(1)
  })
})

describe('a producer that writes', () => {
  const sandboxed = (workspace: TestWorkspace): boolean =>
    (record(workspace, 'stamp') as unknown as { sandboxed: boolean }).sandboxed

  const stamps: readonly [string, string, (workspace: TestWorkspace) => boolean][] = [
    ['random bytes', `randomBytes(16)`, () => true],
    ['the time', `String(process.hrtime.bigint()) + Date.now()`, () => true],
    ['the number of its process', `String(process.pid)`, () => true],
    ['how many processors there are', `String(os.availableParallelism())`, () => availableParallelism() > 1],
    ['the name of the host', `os.hostname()`, sandboxed],
    ['where it works', `work`, (workspace) => !sandboxed(workspace)],
    [
      'where its scratch directory is',
      `String(fs.statfsSync(scratch).type)`,
      (workspace) => workspace.read('output/stamp.out') !== String(fs.statfsSync(workspace.root).type),
    ],
    ['neither', `'always the same'`, () => false],
  ]
  it.each(stamps)('%s', async (_, content, differs) => {
    const workspace = distro({ stamp: writing(content) })
    await workspace.build('stamp')
    const before = workspace.verdictState()
    const { code, stdout } = await rebuild(workspace, 'stamp')
    expect(outcomes(stdout)).toEqual(differs(workspace) ? ['differs stamp'] : [])
    expect(code).toBe(differs(workspace) ? 1 : 0)
    expect(workspace.verdictState()).toEqual(before)
  })
})

describe('a difference', () => {
  it('in bytes is told with its place, its length, the sizes and both sides; the output is kept', async () => {
    const workspace = distro({
      stamp: `const random = randomBytes(4).map((byte) => byte | 1)
        ${writing(`Buffer.concat([Buffer.alloc(1000), random, Buffer.alloc(500)])`)}`,
    })
    await workspace.build('stamp')
    const { code, stdout } = await rebuild(workspace, 'stamp')
    const [, work] = /^ {2}work directory: (.*)$/m.exec(stdout)!
    const [before, now] = [workspace.bytes('output/stamp.out'), fs.readFileSync(`${work}/outputs/out`)]
    expect(now).not.toEqual(before)
    const hex = (content: Buffer, at: number): string => content.subarray(at, at + 16).toString('hex')
    const at = before.findIndex((byte, index) => byte !== now[index])
    const end = before.findLastIndex((byte, index) => byte !== now[index]) + 1
    expect(stdout).toContain(`differs  stamp
  output 'out' (stamp.out)
    from byte ${at} on ${end - at} bytes differ (of 1504): ${hex(before, at)} → ${hex(now, at)}
  work directory: `)
    expect(stdout).toMatch(/^1 artifact built again in [\d.]+ s: 1 not the same, the first is stamp$/m)
    expect(code).toBe(1)
    // It stays when something else is built, and goes when the artifact is verified again.
    await workspace.build('stamp', '--force')
    expect(fs.existsSync(work!)).toBe(true)
    await rebuild(workspace, 'stamp')
    expect(fs.existsSync(work!)).toBe(false)
  })

  const tarring = (prepare: string): string => `
    for (const name of ['a', 'b', 'c']) fs.writeFileSync(work + '/' + name, name)
    ${prepare}
    await run('tar', ['--sort=name', '--owner=0', '--group=0', ...mtime, '-cf', outputs.out, '-C', work, ...names])`

  it.each([
    [
      'content',
      `const mtime = ['--mtime=@0'], names = ['a', 'b', 'c']; fs.writeFileSync(work + '/b', randomBytes(8))`,
      /member that differs is b\n {6}content: 8 bytes, sha256 [0-9a-f]{64} → 8 bytes, sha256 [0-9a-f]{64}\n/,
    ],
    [
      'mtime',
      `const mtime = [], names = ['a', 'b', 'c']
       for (const name of ['a', 'c']) fs.utimesSync(work + '/' + name, 0, 0)
       fs.utimesSync(work + '/b', 0, process.pid * 1000)`,
      /member that differs is b\n {6}mtime: \d+ → \d+\n/,
    ],
    [
      'presence',
      `const mtime = ['--mtime=@0'], other = 'x' + randomBytes(4).toString('hex'), names = ['a', 'c', other]
       fs.writeFileSync(work + '/' + other, '')`,
      /member that differs is x[0-9a-f]{8}\n {6}presence: present → absent\n/,
    ],
  ])('in a tar is told by the first member and its %s', async (_, prepare, expected) => {
    const workspace = distro({ packed: tarring(prepare) })
    await workspace.build('packed')
    const { stdout, code } = await rebuild(workspace, 'packed')
    expect(stdout).toMatch(expected)
    expect(stdout).toMatch(/from byte \d+ on \d+ bytes? differ \(of 10240\): /)
    expect(code).toBe(1)
  })

  it('does not end the run: all are told, in the order of the graph, and each for itself', async () => {
    const workspace = distro(
      {
        first: writing(`randomBytes(16)`),
        steady: writing(`'steady'`),
        second: writing(`randomBytes(16)`),
      },
      `const above = artifact('above', {
        inputs: { first: first.output('out'), second: second.output('out') }, outputs: { out: 'above.out' },
        produce({ inputs, outputs }) { fs.copyFileSync(inputs.first, outputs.out) } })\n`,
    )
    workspace.edit('build.config.ts', 'artifacts: [', 'artifacts: [above, ')
    await workspace.build('above', 'steady')
    const { stdout, code } = await rebuild(workspace, 'above', 'steady')
    // What is made of something that differs is the same: it is made of what was recorded.
    expect(outcomes(stdout)).toEqual(['differs first', 'differs second'])
    expect(stdout).toMatch(/^4 artifacts built again in [\d.]+ s: 2 not the same, the first is first$/m)
    expect(code).toBe(1)
  })

  it('is all in the JSON', async () => {
    const workspace = distro({ stamp: writing(`'pid ' + process.pid`) })
    await workspace.build('stamp')
    const { stdout, code } = await rebuild(workspace, 'stamp', '--json')
    const document = JSON.parse(stdout) as { artifacts: { work: string; differences: unknown[] }[] }
    expect(document).toMatchObject({
      schemaVersion: 2,
      targets: ['stamp'],
      artifacts: [
        { artifact: 'stamp', outcome: 'differs', differences: [{ output: 'out', path: 'stamp.out' }] },
      ],
    })
    expect(document.artifacts[0]!.differences[0]).toHaveProperty('bytes.offset')
    expect(fs.existsSync(`${document.artifacts[0]!.work}/outputs/out`)).toBe(true)
    expect(code).toBe(1)
  })
})

it('a producer that fails the second time is told with its own words', async () => {
  const workspace = distro({
    stamp: `const parent = fs.readFileSync('/proc/' + process.ppid + '/comm', 'utf8')
      if (parent === 'timeout\\n') throw new Error('not twice')
      ${writing(`'once'`)}`,
    steady: writing(`'steady'`),
  })
  await workspace.build('stamp', 'steady')
  const { stdout, stderr, code } = await rebuild(workspace, 'stamp', 'steady')
  expect(outcomes(stdout)).toEqual(['failed stamp'])
  expect(stdout).toContain('error: not twice')
  expect(stderr).toMatch(/^same {5}steady/m)
  expect(code).toBe(1)
  const [, work] = /work directory: (.*)/.exec(stdout)!
  expect(fs.existsSync(work!)).toBe(true)
})

it('an interrupt ends it, and leaves nothing', async () => {
  const workspace = distro({ slow: `await run('meet', []); ${writing(`'slow'`)}` })
  workspace.edit('build.config.ts', `'touch'`, `'meet'`)
  workspace.edit('build.config.ts', 'defineConfig({', `defineConfig({ toolPath: ['tools'],`)
  const meeting = new Meeting(workspace)
  const building = workspace.start('slow')
  await meeting.arrived(building)
  await meeting.release()
  expect((await building.ended).code).toBe(0)
  const before = workspace.verdictState()
  const verifying = workspace.start('verify', '--rebuild', 'slow')
  await meeting.arrived(verifying)
  expect((await rebuild(workspace, 'slow', '--no-wait')).code).toBe(75)
  verifying.child.kill('SIGINT')
  expect((await verifying.ended).code).toBe(130)
  expect(workDirectories(workspace)).toEqual([])
  expect(workspace.verdictState()).toEqual(before)
})

it('a tool that changes meanwhile is no fault of the producer', async () => {
  const workspace = distro({ stamp: `await run('meet', []); ${writing(`(await run('stamp', [])).stdout`)}` })
  workspace.edit('build.config.ts', `'tar', 'touch'`, `'meet', 'stamp'`)
  workspace.edit('build.config.ts', 'defineConfig({', `defineConfig({ toolPath: ['tools'],`)
  workspace.write('tools/stamp', '#!/bin/sh\necho one\n', 0o755)
  const meeting = new Meeting(workspace)
  for (const args of [['stamp'], ['verify', '--rebuild', 'stamp']]) {
    const running = workspace.start(...args)
    await meeting.arrived(running)
    if (args.length > 1) workspace.write('tools/stamp', '#!/bin/sh\necho two\n', 0o755)
    await meeting.release()
    const { code, stdout } = await running.ended
    if (args.length === 1) expect(code).toBe(0)
    else {
      expect(outcomes(stdout)).toEqual(['failed stamp'])
      expect(stdout).toContain(`error: what 'stamp' is made of changed while it was built again`)
      expect(code).toBe(1)
    }
  }
})

describe('the circumstances', () => {
  it.each([
    ['Cpus_allowed_list:\t0-2,5\n', [0, 1, 2, 5]],
    ['Name:\tnode\nCpus_allowed_list:\t7\nMems_allowed:\t1\n', [7]],
    ['Name:\tnode\n', []],
  ])('of processors are read from %j', (status, expected) => {
    expect(allowedProcessors(status)).toEqual(expected)
  })

  it('leave one processor out where there are more', () => {
    const { wrapper } = otherCircumstances()
    const list = wrapper[wrapper.indexOf('--cpu-list') + 1]
    if (availableParallelism() > 1) expect(list!.split(',')).toHaveLength(availableParallelism() - 1)
    else expect(wrapper).not.toContain('--cpu-list')
  })
})
