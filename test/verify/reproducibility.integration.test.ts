// `lbuild verify --rebuild` finds producers whose outputs depend on more than their keys contain.
import * as fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { describe, expect, it } from 'vitest'
import { allowedProcessors, otherCircumstances } from '../../src/executor/variation.ts'
import { flip, outputObject, record } from '../support/damage.ts'
import { Meeting } from '../support/meeting.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { Ended } from '../support/workspace.ts'
import { TestWorkspace } from '../support/workspace.ts'

/** A distro with one artifact per entry, whose producer has that body. */
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

/** The outcome of each artifact, in the order of the report. */
const outcomes = (stdout: string): string[] =>
  [...stdout.matchAll(/^(differs|failed) +(\w+)$/gm)].map(([, outcome, name]) => `${outcome} ${name}`)

const workDirectories = (workspace: TestWorkspace): string[] => fs.readdirSync(workspace.path('cache/work'))

describe('reproducible producers', () => {
  const built = builtTiny()

  it('are reported with exit code 0; nothing is published, recorded or left behind', async () => {
    const workspace = built()
    const before = workspace.verdictState()
    const { code, stdout, stderr } = await rebuild(workspace, ...TINY_TARGETS)
    expect(stdout).toMatch(/^rebuilt 5 artifacts in [\d.]+ s: all outputs are identical\n$/)
    expect(stderr.match(/^same /gm)).toHaveLength(5)
    expect(code).toBe(0)
    const { objects, ...published } = workspace.verdictState()
    expect(published).toEqual({ records: before['records'], output: before['output'] })
    expect(Object.keys(objects!)).toEqual(Object.keys(before['objects']!))
    expect(workDirectories(workspace)).toEqual([])
    expect(await rebuild(workspace, 'other', '-q')).toEqual({ code: 0, stdout: '', stderr: '' })
  })

  it('are run alone with --only, without those of their dependencies', async () => {
    const workspace = built()
    const { code, stdout, stderr } = await rebuild(workspace, 'image', 'other', '--only')
    expect(stdout).toMatch(/^rebuilt 2 artifacts in [\d.]+ s: all outputs are identical\n$/)
    expect(stderr).toMatch(/^same +image /m)
    expect(stderr).not.toContain('packed')
    expect(code).toBe(0)
    const { artifacts } = JSON.parse((await rebuild(workspace, 'image', '--only', '--json')).stdout) as {
      artifacts: { artifact: string }[]
    }
    expect(artifacts.map(({ artifact }) => artifact)).toEqual(['image'])
  })

  it('must be fresh, or the call fails with exit code 2 and a hint', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    const { code, stdout, stderr } = await rebuild(workspace, 'image')
    expect(stderr).toContain('error: verify --rebuild needs fresh artifacts')
    expect(stderr).toContain('packed: stale')
    expect(stderr).toContain('hint: build them first: lbuild image')
    expect([code, stdout]).toEqual([2, ''])
    expect((await rebuild(workspace, 'other')).code).toBe(0)
  })

  it('fail if an input in the store is damaged', async () => {
    const workspace = built()
    flip(workspace, outputObject(workspace, 'packed'), 600)
    const { code, stdout } = await rebuild(workspace, 'image', '--jobs', '1')
    expect(outcomes(stdout)).toEqual(['failed image'])
    expect(stdout).toContain('a damaged object of the store was quarantined')
    expect(code).toBe(1)
  })
})

describe('a producer whose output contains', () => {
  const sandboxed = (workspace: TestWorkspace): boolean =>
    (record(workspace, 'stamp') as unknown as { sandboxed: boolean }).sandboxed

  const stamps: readonly [string, string, (workspace: TestWorkspace) => boolean][] = [
    ['random bytes', `randomBytes(16)`, () => true],
    ['the time', `String(process.hrtime.bigint()) + Date.now()`, () => true],
    ['its process id', `String(process.pid)`, () => true],
    ['the number of processors', `String(os.availableParallelism())`, () => availableParallelism() > 1],
    ['the host name', `os.hostname()`, sandboxed],
    ['its work directory', `work`, (workspace) => !sandboxed(workspace)],
    [
      'where its scratch directory is',
      `String(fs.statfsSync(scratch).type)`,
      (workspace) => workspace.read('output/stamp.out') !== String(fs.statfsSync(workspace.root).type),
    ],
    ['nothing of these', `'always the same'`, () => false],
  ]
  it.each(stamps)('%s is found out exactly if the rebuild can vary it', async (_, content, differs) => {
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
  it('in bytes is reported with its offset, length, sizes and both contents; the rebuilt output is preserved', async () => {
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
    ${end - at} bytes differ from offset ${at} (of 1504): ${hex(before, at)} → ${hex(now, at)}
  work directory: `)
    expect(stdout).toMatch(/^rebuilt 1 artifact in [\d.]+ s: 1 not reproduced, first stamp$/m)
    expect(code).toBe(1)
    // The work directory survives other builds, and goes when the artifact is verified again.
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
      /first differing member: b\n {6}content: 8 bytes, sha256 [0-9a-f]{64} → 8 bytes, sha256 [0-9a-f]{64}\n/,
    ],
    [
      'mtime',
      `const mtime = [], names = ['a', 'b', 'c']
       for (const name of ['a', 'c']) fs.utimesSync(work + '/' + name, 0, 0)
       fs.utimesSync(work + '/b', 0, process.pid * 1000)`,
      /first differing member: b\n {6}mtime: \d+ → \d+\n/,
    ],
    [
      'presence',
      `const mtime = ['--mtime=@0'], other = 'x' + randomBytes(4).toString('hex'), names = ['a', 'c', other]
       fs.writeFileSync(work + '/' + other, '')`,
      /first differing member: x[0-9a-f]{8}\n {6}presence: present → absent\n/,
    ],
  ])('in a tar is reported with the first differing member and its %s', async (_, prepare, expected) => {
    const workspace = distro({ packed: tarring(prepare) })
    await workspace.build('packed')
    const { stdout, code } = await rebuild(workspace, 'packed')
    expect(stdout).toMatch(expected)
    expect(stdout).toMatch(/\d+ bytes? differ from offset \d+ \(of 10240\): /)
    expect(code).toBe(1)
  })

  it('does not stop the others: all are reported in the order of the graph, each judged by itself', async () => {
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
    // `above` is reproduced although its inputs are not: it is rebuilt from the recorded inputs.
    expect(outcomes(stdout)).toEqual(['differs first', 'differs second'])
    expect(stdout).toMatch(/^rebuilt 4 artifacts in [\d.]+ s: 2 not reproduced, first first$/m)
    expect(code).toBe(1)
  })

  it('is complete in the JSON', async () => {
    const workspace = distro({ stamp: writing(`'pid ' + process.pid`) })
    await workspace.build('stamp')
    const { stdout, code } = await rebuild(workspace, 'stamp', '--json')
    const document = JSON.parse(stdout) as { artifacts: { workDirectory: string; differences: unknown[] }[] }
    expect(document).toMatchObject({
      schemaVersion: 2,
      targets: ['stamp'],
      artifacts: [
        { artifact: 'stamp', outcome: 'differs', differences: [{ output: 'out', path: 'stamp.out' }] },
      ],
    })
    expect(document.artifacts[0]!.differences[0]).toHaveProperty('bytes.offset')
    expect(fs.existsSync(`${document.artifacts[0]!.workDirectory}/outputs/out`)).toBe(true)
    expect(code).toBe(1)
  })
})

it('reports a producer that fails on the rebuild with its own message', async () => {
  const workspace = distro({
    stamp: `if (fs.readFileSync('/proc/sys/kernel/hostname', 'utf8') !== 'lbuild\\n') throw new Error('not twice')
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

it('leaves nothing behind when interrupted', async () => {
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

it('does not blame the producer for a tool that changes during the rebuild', async () => {
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
      expect(stdout).toContain(`error: inputs of 'stamp' changed during the rebuild`)
      expect(code).toBe(1)
    }
  }
})

describe('the circumstances of a rebuild', () => {
  it.each([
    ['Cpus_allowed_list:\t0-2,5\n', [0, 1, 2, 5]],
    ['Name:\tnode\nCpus_allowed_list:\t7\nMems_allowed:\t1\n', [7]],
    ['Name:\tnode\n', []],
  ])('take the allowed processors from %j', (status, expected) => {
    expect(allowedProcessors(status)).toEqual(expected)
  })

  it('leave out one processor if there are several', () => {
    const { wrapper } = otherCircumstances()
    const list = wrapper[wrapper.indexOf('--cpu-list') + 1]
    if (availableParallelism() > 1) expect(list!.split(',')).toHaveLength(availableParallelism() - 1)
    else expect(wrapper).not.toContain('--cpu-list')
  })
})
