// Tests that a failing producer is reported in its own words, and that it changes neither store nor outputs.
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const config = (produce: string, more = ''): string => `import { artifact, defineConfig, file } from 'lbuild'
const image = artifact('image', {
  inputs: { note: file('note.txt') }, tools: ['tar', 'cat', 'cp'], outputs: { image: 'image.img', log: 'image.log' },
  async produce({ inputs, outputs, run, work, log }) {
    const fs = await import('node:fs')
    fs.copyFileSync(inputs.note, outputs.image)
    fs.writeFileSync(outputs.log, '')
    ${produce}
  },
  ${more}
})
const above = artifact('above', { inputs: { image: image.output('image') }, outputs: { o: 'above' }, produce() {} })
const alone = artifact('alone', { inputs: { note: file('note.txt') }, tools: ['cp'], outputs: { o: 'alone' },
  async produce({ inputs, outputs, run }) { await run('cp', [inputs.note, outputs.o]) } })
const fallible = artifact('fallible', { outputs: { o: 'fallible' }, produce() { throw new Error('also wrong') } })
export default defineConfig({ artifacts: [image, above, alone, fallible] })
`

const failing = (produce: string, more = ''): TestWorkspace =>
  new TestWorkspace({ 'build.config.ts': config(produce, more), 'note.txt': 'note\n' })

/** The work directory that an error names. */
const workDirectoryIn = (stderr: string): string => /work directory: (\S+)/.exec(stderr)![1]!

describe('a failing producer', () => {
  it('is reported with the output of its tool, the command and the exit code', async () => {
    const workspace = failing(
      `log('before'); await run('tar', ['-xf', inputs.note, '-C', '/nowhere at all'])`,
    )
    const { code, stderr, stdout } = await workspace.lbuild('image')
    expect(code).toBe(1)
    expect(stderr).toContain('error: image: tar failed\n')
    expect(stderr).toContain('  | tar: This does not look like a tar archive\n')
    expect(stderr).toContain('tar -xf /inputs/note/note.txt -C /nowhere at all')
    expect(stderr).toContain('exit code 2')
    expect(stdout).toMatch(/^failed: 1 failed in /)
    const work = workDirectoryIn(stderr)
    expect(work.startsWith(workspace.path('cache/work/'))).toBe(true)
    expect(readFileSync(`${work}/log`, 'utf8')).toContain('before\n+ tar -xf')
    expect(readdirSync(`${work}/outputs`).sort()).toEqual(['image', 'log'])
  })

  it.each([
    ['in the sandbox', (workspace: TestWorkspace) => workspace],
    ['without namespaces', (workspace: TestWorkspace) => workspace.withoutNamespaces()],
    [
      'with another cache directory',
      (workspace: TestWorkspace) => {
        workspace.env['LBUILD_CACHE_DIR'] = workspace.path('deep/er/cache')
        return workspace
      },
    ],
  ])('is reported with the stack of the workspace and no lines of lbuild, %s', async (_, as) => {
    const workspace = failing(`helper.open()`)
    workspace.edit(
      'build.config.ts',
      'const image',
      `import * as helper from './parts/a helper.ts'\nconst image`,
    )
    workspace.write(
      'parts/a helper.ts',
      `import { openSync } from 'node:fs'\nexport function open() {\n  openSync('/nowhere')\n}\n`,
    )
    const { code, stderr } = await as(workspace).lbuild('image')
    expect(code).toBe(1)
    expect(stderr).toMatch(/^ {2}\| +at .*open \(parts\/a helper\.ts:3:\d+\)$/m)
    expect(stderr).toMatch(/^ {2}\| +at .*produce \(build\.config\.ts:9:\d+\)$/m)
    expect(stderr).not.toMatch(/childProgram|runRequest|evalmachine|node:internal/)
  })

  it.each([
    ['param', `fs.writeFileSync(outputs.log, params.hostnme)`, ''],
    ['input', `fs.readFileSync(inputs.notes)`, ''],
    ['output', `fs.writeFileSync(outputs.img, '')`, ''],
    ['param', '', `verify({ params }) { return void params.hostnme },`],
  ])(
    'that reads an undeclared %s is reported with its line and the line to add: %s %s',
    async (kind, produce, more) => {
      const workspace = failing(produce, more)
      workspace.edit('build.config.ts', 'produce({ inputs', 'produce({ params, inputs')
      const { code, stderr } = await workspace.lbuild('image')
      expect(code).toBe(1)
      expect(stderr).toContain(`error: image: the producer of 'image' read the undeclared ${kind} '`)
      expect(stderr).toMatch(/^ {2}\| +at .* \(build\.config\.ts:(8|10):\d+\)$/m)
      expect(stderr).toMatch(/hint: .*declare it in artifact\('image', …\): /)
      expect(stderr).not.toMatch(/childProgram|node:internal/)
      expect(workspace.exists('output/image.img')).toBe(false)
    },
  )

  it('that resolves a lockfile and reads an undeclared param is reported with its line and the line to add', async () => {
    const workspace = new TestWorkspace({
      'build.config.ts': `import { artifact, defineConfig, lockfile, text } from 'lbuild'
const debs = lockfile('debs', {
  path: 'debs.lock', inputs: {}, tools: [], params: { suite: text('stable') }, mirrors: () => [],
  async resolve({ params }) {
    console.log((params as any).siute)
    return []
  },
})
const image = artifact('image', { inputs: { debs: debs.downloads() }, outputs: { o: 'o' }, produce() {} })
export default defineConfig({ artifacts: [debs, image] })
`,
    })
    const { code, stderr } = await workspace.lbuild('image')
    expect(code).toBe(1)
    expect(stderr).toContain(`the resolver of 'debs' read the undeclared param 'siute'`)
    expect(stderr).toMatch(/^ {2}\| +at .*resolve \(build\.config\.ts:5:\d+\)$/m)
    expect(stderr).toContain(`did you mean 'suite'?`)
  })

  it('changes neither outputs nor records; its next run removes the work directory', async () => {
    const workspace = failing('')
    await workspace.build('image')
    const before = workspace.verdictState()
    workspace.edit('build.config.ts', `fs.writeFileSync(outputs.log, '')`, `throw new Error('too bad')`)
    const { stderr, code } = await workspace.lbuild('image')
    expect(code).toBe(1)
    expect(stderr).toContain('error: image: too bad')
    expect(workspace.verdictState()).toEqual(before)
    const work = workDirectoryIn(stderr)
    expect(existsSync(work)).toBe(true)
    await workspace.lbuild('alone')
    expect(existsSync(work)).toBe(true)
    workspace.edit('build.config.ts', `throw new Error('too bad')`, `fs.writeFileSync(outputs.log, 'good')`)
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(readdirSync(workspace.path('cache/work'))).toEqual([])
    expect(workspace.read('output/image.log')).toBe('good')
  })

  it('stops the build; with --keep-going the artifacts that do not depend on it are built', async () => {
    const workspace = failing(`throw new Error('too bad')`)
    const one = await workspace.build('above', 'fallible', 'alone', '--jobs', '1')
    expect(one.code).toBe(1)
    expect(one.ran).toEqual([])
    expect(workspace.exists('output/alone')).toBe(false)
    const all = await workspace.build('above', 'fallible', 'alone', '--jobs', '1', '--keep-going')
    expect(all.code).toBe(1)
    expect(Object.fromEntries(all.report.artifacts.map(({ name, outcome }) => [name, outcome]))).toEqual({
      image: 'failed',
      above: 'skipped',
      alone: 'built',
      fallible: 'failed',
    })
    expect(workspace.read('output/alone')).toBe('note\n')
    expect(all.stderr).toContain('image: too bad')
    expect(all.stderr).toContain('fallible: also wrong')
    // The next build runs a failed artifact again.
    expect((await workspace.build('above', '--keep-going')).report.artifacts[0]!.outcome).toBe('failed')
    const { stdout } = await workspace.lbuild('above', 'alone')
    expect(stdout).toMatch(/^failed: 1 fresh, 1 failed, 1 skipped in [\d.]+ s$/m)
    expect(stdout).not.toContain('--keep-going')
  })

  it('stops the build before artifacts that do not depend on it, which are reported as not started', async () => {
    const workspace = failing(`throw new Error('too bad')`)
    const { stderr, stdout } = await workspace.lbuild('above', 'alone', '--jobs', '1')
    expect(stderr).toMatch(/^skipped {2}above +because image failed$/m)
    expect(stderr).toMatch(/^skipped {2}alone +not started: the build stopped after image failed$/m)
    expect(stdout).toContain('hint: add --keep-going to build what does not depend on image\n')
    const past = await workspace.lbuild('history', '--build', 'last')
    expect(past.stdout).toMatch(/^skipped +alone +not started: the build stopped after image failed$/m)
    const { report } = await workspace.build('above', 'alone', '--jobs', '1')
    expect(
      report.artifacts.map(({ name, failedArtifact, dependsOnFailed }) => [
        name,
        failedArtifact,
        dependsOnFailed,
      ]),
    ).toEqual([
      ['image', undefined, undefined],
      ['above', 'image', true],
      ['alone', 'image', false],
    ])
  })

  it('is named as the reason why the artifacts that depend on it are skipped, not a failure before it', async () => {
    const workspace = failing(`throw new Error('too bad')`)
    workspace.edit(
      'build.config.ts',
      'export default',
      `const last = artifact('last', {
  inputs: { o: fallible.output('o') }, outputs: { o: 'last' }, produce() {} })\nexport default`,
    )
    workspace.edit('build.config.ts', 'fallible] })', 'fallible, last] })')
    const { report } = await workspace.build('above', 'last', '--jobs', '1', '--keep-going')
    expect(report.artifacts.find(({ name }) => name === 'last')).toMatchObject({
      outcome: 'skipped',
      failedArtifact: 'fallible',
      dependsOnFailed: true,
    })
  })

  it('that writes no output is reported with the last lines of its tools and the log', async () => {
    const workspace = failing(
      `await run('tar', ['-cvf', '-', '-C', '/inputs', 'note']); log('no image'); fs.rmSync(outputs.image)`,
    )
    const { code, stderr } = await workspace.lbuild('image')
    expect(code).toBe(1)
    expect(stderr).toMatch(/image: +was not written\n/)
    expect(stderr).toContain('  | note/\n  | note/note.txt\n  | no image\n')
    expect(stderr).toContain(`${workDirectoryIn(stderr)}/log\n`)
  })

  const mistakes: readonly [string, string, string][] = [
    ['it does not write an output', `fs.rmSync(outputs.log)`, 'log: *was not written'],
    [
      'it writes an undeclared output',
      `fs.writeFileSync(outputs.log + '2', '')`,
      'log2: *was written but is not declared',
    ],
    [
      'an output is a directory',
      `fs.rmSync(outputs.log); fs.mkdirSync(outputs.log)`,
      'log: *is a directory, not a file',
    ],
    [
      'an output is a link',
      `fs.rmSync(outputs.log); fs.symlinkSync('/etc/passwd', outputs.log)`,
      'log: *is a symlink, not a file',
    ],
    [
      'its process exits early',
      `console.error('last words'); process.exit(0)`,
      '(?=[^]*last words)[^]*exited before it finished',
    ],
    ['its process is killed', `process.kill(process.pid, 'SIGKILL')`, 'exited before it finished'],
    ['it runs an undeclared tool', `await run('sed', ['--version'])`, `the undeclared tool 'sed'`],
    [
      'it finishes before its tool',
      `fs.writeFileSync(outputs.image, 'half'); void run('tar', ['-cf', outputs.image, '/usr/bin'])`,
      `the producer finished while 'tar' was still running`,
    ],
    ['its tool fails to read a file', `await run('cat', ['/proc/self/mem'])`, 'cat failed'],
  ]
  it.each(mistakes)('is reported and stores nothing: %s', async (_, produce, expected) => {
    const workspace = failing(produce)
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toMatch(new RegExp(expected))
    expect(stderr).toContain('work directory')
    expect(code).toBe(1)
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
  })

  it('is reported and stores nothing: its verification fails', async () => {
    const workspace = failing('', `verify({ outputs }) { throw new Error('196 KiB is no image') },`)
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toContain('196 KiB is no image')
    expect(code).toBe(1)
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
  })
})

describe('a failed publication', () => {
  it('leaves the record, and the next build restores the output without a run', async () => {
    const workspace = failing('')
    workspace.write('output', 'in the way')
    const { code } = await workspace.lbuild('image')
    expect(code).not.toBe(0)
    expect(workspace.read('output')).toBe('in the way')
    workspace.remove('output')
    mkdirSync(workspace.path('output'))
    const { ran, restored } = await workspace.build('image')
    expect([ran, restored]).toEqual([[], ['image']])
    expect(workspace.read('output/image.img')).toBe('note\n')
  })
})
