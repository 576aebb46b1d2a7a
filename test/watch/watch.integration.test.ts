// Tests that every edit leads to the outputs of a clean build, and to no run that a build would not do.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { expect, it } from 'vitest'
import { builtWatched, published, Watching } from '../support/watching.ts'
import type { TestWorkspace } from '../support/workspace.ts'

const fresh = builtWatched()

const ALL_OF_SRC = ['image', 'names', 'packed', 'roster']

interface Scenario {
  readonly edit: string
  readonly act: (workspace: TestWorkspace) => void
  /** The artifacts that must run, and no others. */
  readonly ran: readonly string[]
  readonly restored?: readonly string[]
  /** Runs before watch starts. */
  readonly before?: (workspace: TestWorkspace) => void
}

const SCENARIOS: readonly Scenario[] = [
  { edit: 'a file written in place', act: (w) => w.write('note.txt', 'other'), ran: ['other'] },
  {
    edit: 'a file of a tree written',
    act: (w) => w.write('src/hello', 'new'),
    ran: ['image', 'names', 'packed'],
  },
  { edit: 'a file created', act: (w) => w.write('src/new', 'new'), ran: ALL_OF_SRC },
  { edit: 'a file deleted', act: (w) => w.remove('src/second'), ran: ALL_OF_SRC },
  { edit: 'a file renamed', act: (w) => w.rename('src/second', 'src/third'), ran: ALL_OF_SRC },
  {
    edit: 'an atomic save of a declared file, twice',
    act: (w) => {
      for (const text of ['one', 'two']) {
        w.write('note.txt~', text)
        w.rename('note.txt~', 'note.txt')
      }
    },
    ran: ['other'],
  },
  {
    edit: 'an atomic save in a tree',
    act: (w) => {
      w.write('elsewhere', 'saved')
      w.rename('elsewhere', 'src/hello')
    },
    ran: ['image', 'names', 'packed'],
  },
  {
    edit: 'a new directory with files in it',
    act: (w) => w.write('src/a/b/c/d', 'deep'),
    ran: ALL_OF_SRC,
  },
  {
    edit: 'a directory moved in',
    before: (w) => w.write('aside/deep/file', 'moved'),
    act: (w) => w.rename('aside', 'src/moved'),
    ran: ALL_OF_SRC,
  },
  { edit: 'a directory moved out', act: (w) => w.rename('src/etc', 'aside'), ran: ALL_OF_SRC },
  {
    edit: 'a directory moved out and in again',
    act: (w) => {
      w.rename('src/etc', 'aside')
      w.rename('aside', 'src/etc')
    },
    ran: [],
  },
  {
    edit: 'an editor that makes a backup',
    act: (w) => {
      w.rename('src/hello', 'src/hello~')
      w.write('src/hello', 'saved')
      w.remove('src/hello~')
    },
    ran: ['image', 'names', 'packed'],
  },
  {
    edit: 'a directory replaced by another of the same name',
    before: (w) => w.write('aside/motd', 'other'),
    act: (w) => {
      w.rename('src/etc', 'before')
      w.rename('aside', 'src/etc')
    },
    ran: ['image', 'names', 'packed'],
  },
  {
    edit: 'a symbolic link with another destination',
    before: (w) => fs.symlinkSync('hello', w.path('src/link')),
    act: (w) => {
      fs.unlinkSync(w.path('src/link'))
      fs.symlinkSync('second', w.path('src/link'))
    },
    ran: ['image', 'names', 'packed'],
  },
  {
    edit: 'a file made executable',
    act: (w) => fs.chmodSync(w.path('src/hello'), 0o755),
    ran: ['image', 'names', 'packed'],
  },
  {
    edit: 'a module of a producer',
    act: (w) => w.edit('artifacts/imageHelper.ts', 'JSON.stringify(params)', "'changed'"),
    ran: ['image'],
  },
  {
    edit: 'the config',
    act: (w) => w.edit('build.config.ts', 'artifacts: [', "params: { title: 'set' }, artifacts: ["),
    ran: ['image'],
  },
  {
    edit: 'touching, copying and rewriting files unchanged',
    act: (w) => {
      fs.utimesSync(w.path('src/hello'), 1, 1)
      w.write('src/second', w.read('src/second'))
      w.write('note.txt.copy', w.read('note.txt'))
      w.rename('note.txt.copy', 'note.txt')
    },
    ran: [],
  },
  { edit: 'a file that nothing declares', act: (w) => w.write('README', 'about'), ran: [] },
]

it.each(SCENARIOS)('builds what $edit makes stale', async ({ act, ran, restored = [], before }) => {
  const workspace = fresh()
  before?.(workspace)
  const watching = await Watching.of(workspace)
  const seen = await watching.after(() => act(workspace))
  expect(seen.ran).toEqual(ran)
  expect(seen.restored).toEqual(restored)
  // One for the edit, and one for the stamp if it came later.
  expect(seen.builds).toBeLessThanOrEqual(ran.length > 0 ? 2 : 1)
  const { found, clean } = await published(workspace)
  expect(found).toEqual(clean)
  // Every directory is watched, also new ones; one at a time, so that no event stands for another.
  for (const path of oneFileOfEachDirectory(workspace)) {
    const from = watching.events.length
    fs.appendFileSync(workspace.path(path), 'more')
    await watching.next('changed', from, ({ paths }) => paths.includes(path))
  }
})

function oneFileOfEachDirectory(workspace: TestWorkspace): string[] {
  const files = fs
    .readdirSync(workspace.path('src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => [entry.parentPath, `${entry.parentPath}/${entry.name}`] as const)
  return [...new Map(files).values()].map((path) => path.slice(workspace.root.length + 1))
}

it('watches the paths that the current config declares, and no former ones', async () => {
  const workspace = fresh()
  workspace.write('more/note.txt', 'more')
  const watching = await Watching.of(workspace)
  const elsewhere = await watching.after(() =>
    workspace.edit('artifacts/other.ts', "file('note.txt')", "file('more/note.txt')"),
  )
  expect(elsewhere.ran).toEqual(['other'])
  const from = watching.events.length
  workspace.write('more/note.txt', 'edited')
  await watching.next('built', from, ({ ran }) => ran.includes('other'))
  await watching.next('idle', from)
  const gone = await watching.after(() => workspace.write('note.txt', 'edited'))
  expect(gone.ran).toEqual([])
  expect(gone.events.find(({ type }) => type === 'changed')).toMatchObject({ paths: ['stamp'] })
  expect(workspace.read('output/other.txt')).toBe('edited')
})

it('restores after a revert, and runs nothing', async () => {
  const workspace = fresh()
  const watching = await Watching.of(workspace)
  await watching.after(() => workspace.write('note.txt', 'other'))
  const { ran, restored } = await watching.after(() => workspace.write('note.txt', 'a note\n'))
  expect(ran).toEqual([])
  expect(restored).toEqual(['other'])
  expect(workspace.read('output/other.txt')).toBe('a note\n')
})

it('runs each producer at most twice after a checkout with 500 changed files, and restores on the way back', async () => {
  const workspace = fresh()
  const git = (...args: readonly string[]): void => {
    const who = ['-c', 'user.name=t', '-c', 'user.email=t@localhost', '-c', 'commit.gpgsign=false']
    execFileSync('git', ['-C', workspace.root, ...who, ...args], { stdio: 'ignore' })
  }
  workspace.write('.gitignore', 'cache\noutput\nstamp\n')
  for (let n = 0; n < 500; n += 1) workspace.write(`src/many/${n % 20}/${n}`, `${n}\n`)
  git('init', '-b', 'main')
  git('add', '-A')
  git('commit', '-m', 'first')
  git('checkout', '-b', 'other')
  for (let n = 0; n < 500; n += 1) workspace.write(`src/many/${n % 20}/${n}`, `${n} changed\n`)
  git('commit', '-am', 'second')
  git('checkout', 'main')
  await workspace.lbuild('image', 'roster', 'other', 'stamp')

  const watching = await Watching.of(workspace)
  const there = await watching.after(() => git('checkout', 'other'))
  expect(there.builds).toBeLessThanOrEqual(2)
  for (const name of ['image', 'packed'])
    expect([1, 2]).toContain(there.ran.filter((ran) => ran === name).length)
  const changed = await published(workspace)
  expect(changed.found).toEqual(changed.clean)
  await watching.after(() => git('checkout', 'main'))
  const { found, clean } = await published(workspace)
  expect(found).toEqual(clean)
})
