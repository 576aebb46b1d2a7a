// Tests which directories are watched, and when watch polls instead.
import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { WatchBackend } from '../../src/watch/backend.ts'
import type { Directories } from '../../src/watch/directories.ts'
import { directoriesOf } from '../../src/watch/directories.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { SourceWatcher } from '../../src/watch/sourceWatcher.ts'
import { couldConcern, sourcesOf } from '../../src/watch/sources.ts'
import { openWorkspace } from '../../src/workspace/workspace.ts'
import { IN_PROCESS } from '../support/evaluator.ts'
import { TestWorkspace } from '../support/workspace.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const CONFIG = `import { artifact, defineConfig, file, lockfile, tree } from 'lbuild'
import { produce } from './lib/produce.ts'
const packages = lockfile('packages', {
  path: 'lockfiles/packages.lock', inputs: { list: file('lists/packages.list') }, tools: ['resolver'],
  resolve: () => [], mirrors: () => [],
})
const base = artifact('base', { inputs: { packages: packages.downloads() }, outputs: { base: 'base' }, produce })
const image = artifact('image', {
  inputs: { base: base.output('base'), src: tree('src') }, tools: ['maker'], outputs: { image: 'image' }, produce })
const other = artifact('other', { inputs: { other: file('other/file') }, outputs: { other: 'other' }, produce })
export default defineConfig({ toolPath: ['tools'], artifacts: [packages, base, image, other] })
`

function workspace(): TestWorkspace {
  return new TestWorkspace({
    'build.config.ts': CONFIG,
    'lib/produce.ts': 'export const produce = () => {}\n',
    'lists/packages.list': '',
    'src/deep/file': '',
    'other/file': '',
    'tools/maker': '',
    'unrelated/file': '',
    'cache/objects/aa/file': '',
    'output/image': '',
  })
}

const open = ({ root }: TestWorkspace) =>
  openWorkspace({ start: root, home: HOME, hasSandbox: () => true, evaluation: { evaluator: IN_PROCESS } })

it('the sources are files, trees, lockfiles and their lists, own tools, the config, its modules and what decides where imports lead', async () => {
  const { root } = workspace()
  const opened = await openWorkspace({
    start: root,
    home: HOME,
    hasSandbox: () => true,
    evaluation: { evaluator: IN_PROCESS },
  })
  const { trees, files } = sourcesOf(opened, ['image'])
  const inside = (paths: readonly string[]): string[] =>
    paths.filter((path) => path.startsWith(`${root}/`)).map((path) => path.slice(root.length + 1))
  expect(inside(trees)).toEqual(['src', 'tools'])
  expect(inside(files)).toEqual([
    '.gitignore',
    '.pnp.cjs',
    '.pnp.data.json',
    '.pnp.js',
    'build.config.ts',
    'lib/package.json',
    'lib/produce.ts',
    'lists/packages.list',
    'lockfiles/packages.lock',
    'node_modules',
    'package.json',
  ])
  const isRelevant = couldConcern({ trees, files })
  const all = [
    'src',
    'src/new/x',
    'lib',
    'lockfiles',
    'tools/maker',
    'tools/new',
    'srcs',
    'lib/x',
    'output',
    'cache/index',
    'toolset/x',
  ]
  expect(all.filter((path) => isRelevant(`${root}/${path}`))).toEqual(all.slice(0, 6))
})

/** A backend that records the directories to watch, and may call a function meanwhile. */
class RecordingBackend implements WatchBackend {
  readonly asked: Directories[] = []
  closed = false
  meanwhile: () => void = () => {}

  async watch(directories: Directories): Promise<void> {
    this.asked.push(directories)
    this.meanwhile()
  }

  async close(): Promise<void> {
    this.closed = true
  }
}

function sourceWatcher(remote?: string) {
  const backend = new RecordingBackend()
  const fallback = new RecordingBackend()
  const events: WatchEvent[] = []
  const changed: string[] = []
  const watcher = new SourceWatcher(
    {
      targets: ['image'],
      listener: (event) => events.push(event),
      backend: () => backend,
      fallback: () => fallback,
      remoteFileSystem: () => remote,
    },
    (path) => changed.push(path),
  )
  return { backend, fallback, events, changed, watcher, fail: (error: unknown) => watcher.failed(error) }
}

it('passes on changes of sources, and of no other file', async () => {
  const made = workspace()
  const { changed, watcher } = sourceWatcher()
  await watcher.begin(await open(made))
  for (const path of ['src/new', 'unrelated/file', 'build.config.ts', 'cache/index'])
    watcher.changed(made.path(path), false)
  watcher.changed('', true)
  expect(changed).toEqual([made.path('src/new'), made.path('build.config.ts'), ''])
})

it('watches the directories above sources and in trees, each by itself', async () => {
  const made = workspace()
  const { backend, events, watcher } = sourceWatcher()
  await watcher.begin(await open(made))
  const inside = [...backend.asked.at(-1)!.keys()]
    .filter((path) => `${path}/`.startsWith(`${made.root}/`))
    .map((path) => path.slice(made.root.length))
  expect(inside.sort()).toEqual(['', '/lib', '/lists', '/src', '/src/deep', '/tools'])
  expect(events).toEqual([
    { type: 'watching', targets: ['image'], backend: 'inotify', directories: backend.asked.at(-1)!.size },
  ])
})

it('ignores what trees leave out, but not a .gitignore file', async () => {
  const made = workspace()
  made.writeAll({ '.gitignore': 'build/\n', 'src/.gitignore': '.gitignore\n', 'src/build/file': '' })
  const { backend, changed, watcher } = sourceWatcher()
  await watcher.begin(await open(made))
  const watched = (): readonly string[] => [...backend.asked.at(-1)!.keys()]
  expect(watched()).not.toContain(made.path('src/build'))
  const paths = [
    'src/build',
    'src/.file.swp',
    'src/file',
    'src/.gitignore',
    '.gitignore',
    'src/deep/.gitignore',
  ]
  for (const path of paths) watcher.changed(made.path(path), false)
  expect(changed).toEqual(paths.slice(2).map((path) => made.path(path)))
  made.write('.gitignore', '')
  await watcher.cover(await open(made), 'loaded')
  expect(watched()).toContain(made.path('src/build'))
})

it('also watches directories that appear, or replace others, while it starts', async () => {
  const made = workspace()
  const { backend, watcher } = sourceWatcher()
  backend.meanwhile = () => {
    if (backend.asked.length === 1) mkdirSync(made.path('src/deep/new'))
    if (backend.asked.length === 2) {
      rmSync(made.path('src/deep/new'), { recursive: true })
      mkdirSync(made.path('src/deep/new'))
    }
  }
  await watcher.begin(await open(made))
  const identities = backend.asked.map((directories) => directories.get(made.path('src/deep/new')))
  expect(identities).toHaveLength(3)
  expect(identities[0]).toBeUndefined()
  expect(identities[1]).toBeDefined()
  expect(identities[2]).not.toBe(identities[1])
})

it('watches a whole tree, also below a directory that contains another source', () => {
  const made = workspace()
  made.write('src/deep/more/file', '')
  const sources = { trees: [made.path('src')], files: [made.path('src/deep/file')] }
  expect([...directoriesOf(sources, made.root).keys()].sort()).toEqual([
    made.root,
    ...['src', 'src/deep', 'src/deep/more'].map((path) => made.path(path)),
  ])
})

it('distinguishes a recreated directory from the original, whatever its inode', () => {
  const { root } = workspace()
  const identity = (): string | undefined =>
    directoriesOf({ trees: [`${root}/src`], files: [] }, root).get(`${root}/src/deep`)
  const seen = new Set([identity()])
  for (let n = 0; n < 20; n += 1) {
    rmSync(`${root}/src/deep`, { recursive: true })
    mkdirSync(`${root}/src/deep`)
    seen.add(identity())
  }
  expect(seen.size).toBe(21)
})

it('watches everything that may contain a module while the config fails', async () => {
  const made = workspace()
  const { backend, watcher } = sourceWatcher()
  await watcher.cover(await open(made), 'failed')
  const watched = (path: string): boolean => backend.asked.at(-1)!.has(made.path(path))
  expect(['unrelated', 'other', 'cache', 'cache/objects', 'output'].filter(watched)).toEqual([
    'unrelated',
    'other',
  ])
})

it('polls on a remote file system, and reports that once', async () => {
  const { backend, fallback, events, watcher, fail } = sourceWatcher('NFS')
  await watcher.begin(await open(workspace()))
  fail(new Error('late'))
  expect(events.map((event) => (event.type === 'watching' ? event.backend : event.type))).toEqual([
    'polling',
    'polling',
  ])
  expect([backend.closed, backend.asked, fallback.closed]).toEqual([true, [], false])
  await watcher.close()
  expect(fallback.closed).toBe(true)
})

it.each([
  ['ENOSPC', 'too few inotify watches', 'max_user_watches'],
  ['EMFILE', 'too few inotify instances', 'max_user_instances'],
  ['EIO', 'cannot watch files: went wrong', undefined],
])('explains a backend that fails with %s', (code, reason, hint) => {
  const { backend, events, fail } = sourceWatcher()
  fail(Object.assign(new Error('went wrong'), { code }))
  fail(Object.assign(new Error('went wrong'), { code }))
  expect(events).toHaveLength(1)
  const [event] = events as [Extract<WatchEvent, { type: 'polling' }>]
  expect(event.reason).toContain(reason)
  if (hint === undefined) expect(event.hint).toBeUndefined()
  else expect(event.hint).toContain(hint)
  expect(backend.closed).toBe(true)
})
