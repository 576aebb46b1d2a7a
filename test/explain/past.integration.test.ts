// Tests that `lbuild why` explains a past build from its log, and compares two builds by their records.
import { describe, expect, it } from 'vitest'
import { builtTiny } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'

const built = builtTiny()

interface Past {
  readonly causes: readonly { readonly reason: { readonly kind: string } }[]
  readonly artifacts: readonly { readonly name: string; readonly outcome: string }[]
}

async function edited(): Promise<TestWorkspace> {
  const workspace = built()
  workspace.write('src/hello', 'hello\nagain\n')
  await workspace.build('image')
  return workspace
}

const idsOf = async (workspace: TestWorkspace): Promise<string[]> => {
  const { stdout } = await workspace.lbuild('history', '--json')
  return (JSON.parse(stdout) as { builds: { id: string }[] }).builds.map(({ id }) => id)
}

describe('why --last', () => {
  it('gives the same answer without the inputs and with a broken config, and writes nothing', async () => {
    const workspace = await edited()
    const before = await workspace.lbuild('why', '--last')
    expect(before.stdout).toContain(
      'src/ changed: 1 entry\n  hello: content (+1 −0 lines at line 2, 6 B → 12 B)\n',
    )
    workspace.remove('src')
    workspace.write('build.config.ts', 'export default {{{')
    const state = workspace.state('cache')
    const after = await workspace.lbuild('why', '--last')
    const normalized = (text: string): string => text.replaceAll(/just now|\d+ s ago/g, 'AGO')
    expect([after.code, normalized(after.stdout)]).toEqual([0, normalized(before.stdout)])
    expect(workspace.state('cache')).toEqual(state)
  })

  it('explains the last build that had something to do', async () => {
    const workspace = await edited()
    await workspace.build('image')
    expect((await workspace.lbuild('why', '--last')).stdout).toContain('built packed, names, image')
  })

  it('reports the failure of an artifact, and the artifacts that were skipped because of it', async () => {
    const workspace = built()
    workspace.write('src/hello', 'other\n')
    workspace.edit(
      'artifacts/packed.ts',
      `await run('tar'`,
      `throw new Error('no tar today')\n    await run('tar'`,
    )
    await workspace.lbuild('image')
    const { stdout } = await workspace.lbuild('why', '--last')
    expect(stdout).toMatch(/→ packed +failed: no tar today/)
    expect(stdout).toMatch(/→ image +was skipped, because packed failed/)
    // `why` without --last mentions the failure until an input changes.
    const failed = /^packed failed with these inputs .*: no tar today \(lbuild why --last\)$/m
    expect((await workspace.lbuild('why', 'image')).stdout).toMatch(failed)
    workspace.write('src/hello', 'yet another\n')
    expect((await workspace.lbuild('why', 'image')).stdout).not.toMatch(failed)
  })

  it('does not attribute a run to a change that an early cutoff stopped', async () => {
    const workspace = built()
    // The outputs of `names` stay identical because only content changed; `roster` changed itself.
    workspace.write('src/hello', 'hello\nagain\n')
    workspace.edit('artifacts/roster.ts', '\n', '\n// more\n')
    await workspace.build('roster')
    const { stdout } = await workspace.lbuild('why', '--last')
    const [, source, code] = stdout.split(/^\d\. /m)
    expect(source).toMatch(/→ names +ran, [\d.]+ s: output identical to the previous one\n/)
    expect(source).toContain('→ roster  not because of this: no output that it reads from names changed\n')
    expect(code).toMatch(/→ roster {2}ran, /)
  })

  it('rejects --diff, and suggests --between', async () => {
    const { code, stderr } = await (await edited()).lbuild('why', '--last', '--diff')
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/hint: run lbuild why --between 2\S+ 2\S+ --diff\n/),
    ])
  })

  it('reports the failure of a build that ran no producer', async () => {
    const workspace = built()
    workspace.write(
      'artifacts/locked.ts',
      `import { artifact, lockfile } from 'lbuild'
import { writeFileSync } from 'node:fs'
export const debs = lockfile('debs', { path: 'debs.lock', inputs: {}, params: {}, tools: [], mirrors: () => [],
  resolve: () => { throw new Error('no such package: vim-tinyy') } })
export const locked = artifact('locked', { inputs: { debs: debs.downloads() }, outputs: { o: 'locked' },
  produce: ({ outputs }) => writeFileSync(outputs.o, '') })
`,
    )
    workspace.edit('build.config.ts', 'artifacts: [', 'artifacts: [debs, locked, ')
    workspace.edit(
      'build.config.ts',
      `'lbuild'\n`,
      `'lbuild'\nimport { debs, locked } from './artifacts/locked.ts'\n`,
    )
    expect((await workspace.lbuild('locked')).code).toBe(1)
    expect((await workspace.lbuild('why', '--last')).stdout).toContain('no such package: vim-tinyy')
  })

  it('reports only the causes that reach a given target', async () => {
    const workspace = built()
    workspace.write('note.txt', 'another note\n')
    workspace.write('src/hello', 'other\n')
    await workspace.build('image', 'other')
    const { stdout } = await workspace.lbuild('why', '--last', 'other', '--json')
    const { causes, artifacts } = JSON.parse(stdout) as Past
    expect(causes).toMatchObject([{ reason: { kind: 'changed', now: { name: 'note' } } }])
    expect(artifacts.map(({ name, outcome }) => [name, outcome])).toEqual([['other', 'built']])
  })

  it.each([
    [['--build', '19990101'], "unknown build '19990101'"],
    [['--last', 'imgae'], "did not involve 'imgae'"],
    [['--between', '1'], '--between needs the ids of two builds'],
  ])('rejects %j', async (args, message) => {
    const { code, stderr } = await (await edited()).lbuild('why', ...args)
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)])
  })
})

describe('why --between', () => {
  it('names the differences between two builds, whatever changed in the workspace since', async () => {
    const workspace = await edited()
    const [now, before] = await idsOf(workspace)
    workspace.write('src/second', 'edited since\n')
    const { stdout } = await workspace.lbuild('why', 'image', '--between', before!, now!)
    expect(stdout).toContain(': 1 cause\n')
    expect(stdout).toContain('src/ changed: 1 entry\n  hello: content (+1 −0 lines at line 2, 6 B → 12 B)\n')
    expect(stdout).toMatch(/→ packed +has different outputs\n/)
    expect(stdout).toMatch(/→ names +was rebuilt; its outputs are identical\n/)
  })

  it('finds changes of a param and of code, in either direction', async () => {
    const workspace = built()
    workspace.write('artifacts/imageHelper.ts', `${workspace.read('artifacts/imageHelper.ts')}// more\n`)
    await workspace.build('image', '--title', 'large')
    const [now, before] = await idsOf(workspace)
    for (const pair of [
      [before!, now!],
      [now!, before!],
    ]) {
      const { stdout } = await workspace.lbuild('why', 'image', '--json', '--between', ...pair)
      const kinds = (JSON.parse(stdout) as Past).causes.map(({ reason }) => reason.kind)
      expect(kinds.toSorted()).toEqual(['changed', 'module'])
    }
  })
})
