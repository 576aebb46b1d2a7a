// Tests which artifacts run after each kind of change.
import { chmodSync, lutimesSync, readdirSync, utimesSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'

// The tree is an input of names and packed, these are inputs of image, and names is the input of roster. `names` writes
// only names, so that it runs after an edit of a file's content, but roster stays fresh.

const built = builtTiny()

describe('a change of a tree runs its artifacts and their dependents:', () => {
  const changes: readonly [string, (workspace: TestWorkspace) => void, readonly string[]][] = [
    ['an edited file', (it) => it.write('src/hello', 'HELLO\n'), ['image', 'names', 'packed']],
    [
      'a file that became executable',
      (it) => chmodSync(it.path('src/hello'), 0o755),
      ['image', 'names', 'packed'],
    ],
    [
      'two swapped files',
      (it) => {
        it.rename('src/hello', 'src/x')
        it.rename('src/second', 'src/hello')
        it.rename('src/x', 'src/second')
      },
      ['image', 'names', 'packed'],
    ],
    ['an added file', (it) => it.write('src/new', ''), ['image', 'names', 'packed', 'roster']],
    ['a removed file', (it) => it.remove('src/second'), ['image', 'names', 'packed', 'roster']],
    ['a renamed file', (it) => it.rename('src/hello', 'src/hallo'), ['image', 'names', 'packed', 'roster']],
  ]
  it.each(changes)('%s', async (_, change, expected) => {
    const workspace = built()
    change(workspace)
    const { ran, report, code } = await workspace.build(...TINY_TARGETS)
    expect(ran).toEqual(expected)
    expect(code).toBe(0)
    const others = report.artifacts.filter(({ name }) => !expected.includes(name))
    expect(others.map(({ outcome }) => outcome)).toEqual(others.map(() => 'fresh'))
  })
})

describe('a change of code', () => {
  const changes: readonly [string, string, readonly string[]][] = [
    ['runs the artifact of the module', 'artifacts/other.ts', ['other']],
    ['leaves dependents fresh if the outputs stay identical', 'artifacts/names.ts', ['names']],
    ['runs the artifact that imports the module', 'artifacts/imageHelper.ts', ['image']],
    ['runs nothing if only the list of artifacts changed', 'build.config.ts', []],
  ]
  it.each(changes)('%s', async (_, path, expected) => {
    const workspace = built()
    workspace.write(path, `// a comment\n${workspace.read(path)}`)
    const { ran } = await workspace.build(...TINY_TARGETS)
    expect(ran).toEqual(expected)
  })

  it('is named by why', async () => {
    const workspace = built()
    workspace.write('artifacts/imageHelper.ts', `// a comment\n${workspace.read('artifacts/imageHelper.ts')}`)
    const { stdout } = await workspace.lbuild('why', 'image')
    expect(stdout).toContain('image must run: 1 cause\n\ncode: artifacts/imageHelper.ts changed\n')
  })
})

it('a touch of every file runs nothing and publishes nothing', async () => {
  const workspace = built()
  const before = workspace.verdictState()
  for (const directory of ['src', 'artifacts', '.'])
    for (const name of readdirSync(workspace.path(directory))) {
      if (['cache', 'output'].includes(name)) continue
      utimesSync(workspace.path(`${directory}/${name}`), 1, 1)
      lutimesSync(workspace.path(directory), 2, 2)
    }
  const { report, ran, restored } = await workspace.build(...TINY_TARGETS)
  expect([ran, restored]).toEqual([[], []])
  expect(report.artifacts.every(({ outcome }) => outcome === 'fresh')).toBe(true)
  expect(workspace.verdictState()).toEqual(before)
})

it('a changed param runs its artifact; the former value restores the former output without a run', async () => {
  const workspace = built()
  const first = workspace.read('output/tiny.img')
  const changed = await workspace.build(...TINY_TARGETS, '--disk-size', '2')
  expect([changed.ran, changed.restored]).toEqual([['image'], []])
  expect(workspace.read('output/tiny.img')).toContain('"diskSize":2')
  const back = await workspace.build(...TINY_TARGETS)
  expect([back.ran, back.restored]).toEqual([[], ['image']])
  expect(workspace.read('output/tiny.img')).toBe(first)
  const again = await workspace.build('image', '--set', 'image.diskSize=2')
  expect([again.ran, again.restored]).toEqual([[], ['image']])
})

it('why lists the changed entries of a tree', async () => {
  const workspace = built()
  workspace.write('src/hello', 'HELLO\n')
  chmodSync(workspace.path('src/second'), 0o755)
  workspace.remove('src/etc/motd')
  workspace.write('src/with space', '')
  const { stdout, code } = await workspace.lbuild('why', 'image')
  expect(code).toBe(0)
  expect(stdout).toContain('src/ changed: 4 entries\n')
  for (const line of [
    'hello: content (+1 −1 lines at line 1)',
    'second: made executable',
    'etc/motd: removed',
    'with space: added',
  ])
    expect(stdout).toContain(`  ${line}\n`)
  expect(stdout).toContain('image runs only if an output of packed or names changes: 1 cause\n')
})

it('--force runs only the targets', async () => {
  const workspace = built()
  const { ran, code } = await workspace.build('image', '--force')
  expect([ran, code]).toEqual([['image'], 0])
})

it('a copy of a workspace, with its cache, is up to date and follows its own config', async () => {
  const workspace = built()
  expect((await workspace.build(...TINY_TARGETS)).ran).toEqual([])
  const copy = workspace.copy()
  copy.edit('build.config.ts', 'artifacts:', "params: { title: 'mine' }, artifacts:")
  expect((await copy.build(...TINY_TARGETS)).ran).toEqual(['image'])
  expect((await workspace.build(...TINY_TARGETS)).ran).toEqual([])
})

it('two workspaces that share a cache each follow their own config', async () => {
  const [one, two] = [built(), built()]
  one.env['LBUILD_CACHE_DIR'] = two.env['LBUILD_CACHE_DIR'] = one.path('cache')
  two.edit('build.config.ts', 'artifacts:', "params: { title: 'mine' }, artifacts:")
  expect((await one.build(...TINY_TARGETS)).ran).toEqual([])
  expect((await two.build(...TINY_TARGETS)).ran).toEqual(['image'])
  expect(two.read('output/tiny.img')).toContain('"title":"mine"')
  expect((await one.build(...TINY_TARGETS)).ran).toEqual([])
})
