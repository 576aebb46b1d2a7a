import { mkdirSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { BackendListener, WatchBackend } from '../../src/watch/backend.ts'
import type { Directories } from '../../src/watch/directories.ts'
import { directoriesOf } from '../../src/watch/directories.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { Lookout } from '../../src/watch/sourceWatcher.ts'
import { concerns, sourcesOf } from '../../src/watch/sources.ts'
import { openWorkspace } from '../../src/workspace/workspace.ts'
import { TestWorkspace } from '../support/workspace.ts'

// What is watched: what the targets are made of, and no more; and what is done where it cannot be.

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

const open = ({ root }: TestWorkspace) => openWorkspace({ start: root, home: HOME })

it('the sources are files, trees, lockfiles and what they are resolved from, own tools, the config and its modules', async () => {
  const { root } = workspace()
  const opened = await openWorkspace({ start: root, home: HOME })
  const { trees, files } = sourcesOf(opened, ['image'])
  const inside = (paths: readonly string[]): string[] =>
    paths.filter((path) => path.startsWith(`${root}/`)).map((path) => path.slice(root.length + 1))
  expect(inside(trees)).toEqual(['src'])
  expect(inside(files)).toEqual([
    'build.config.ts',
    'lib/produce.ts',
    'lists/packages.list',
    'lockfiles/packages.lock',
    'tools/maker',
    'tools/resolver',
  ])
  const concern = concerns({ trees, files })
  const all = [
    'src',
    'src/new/x',
    'lib',
    'lockfiles',
    'tools/maker',
    'srcs',
    'lib/x',
    'output',
    'cache/index',
    'tools/x',
  ]
  expect(all.filter((path) => concern(`${root}/${path}`))).toEqual(all.slice(0, 5))
})

/** A backend that notes what it is to watch, and may do something meanwhile. */
class NotedBackend implements WatchBackend {
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

function lookout(remote?: string) {
  const backend = new NotedBackend()
  const fallback = new NotedBackend()
  const events: WatchEvent[] = []
  let heard: BackendListener | undefined
  const lookingOut = new Lookout({
    targets: ['image'],
    listener: (event) => events.push(event),
    backend(listener) {
      heard = listener
      return backend
    },
    fallback: () => fallback,
    distrust: () => remote,
  })
  return { backend, fallback, events, lookout: lookingOut, fail: (error: unknown) => heard!.failed(error) }
}

it('directories are watched, each by itself: those above sources and those in trees', async () => {
  const made = workspace()
  const { backend, events, lookout: out } = lookout()
  await out.begin(await open(made))
  const inside = [...backend.asked.at(-1)!.keys()]
    .filter((path) => `${path}/`.startsWith(`${made.root}/`))
    .map((path) => path.slice(made.root.length))
  expect(inside.sort()).toEqual(['', '/lib', '/lists', '/src', '/src/deep', '/tools'])
  expect(events).toEqual([
    { type: 'watching', targets: ['image'], backend: 'inotify', directories: backend.asked.at(-1)!.size },
  ])
})

it('what comes while directories are armed is armed, also in the place of another', async () => {
  const made = workspace()
  const { backend, lookout: out } = lookout()
  backend.meanwhile = () => {
    if (backend.asked.length === 1) mkdirSync(made.path('src/deep/new'))
    if (backend.asked.length === 2) {
      rmSync(made.path('src/deep/new'), { recursive: true })
      mkdirSync(made.path('src/deep/new'))
    }
  }
  await out.begin(await open(made))
  const identities = backend.asked.map((directories) => directories.get(made.path('src/deep/new')))
  expect(identities).toHaveLength(3)
  expect(identities[0]).toBeUndefined()
  expect(identities[1]).toBeDefined()
  expect(identities[2]).not.toBe(identities[1])
})

it('all of a tree is watched, also below a directory in it that is above a source of its own', () => {
  const made = workspace()
  made.write('src/deep/more/file', '')
  const sources = { trees: [made.path('src')], files: [made.path('src/deep/file')] }
  expect([...directoriesOf(sources, made.root).keys()].sort()).toEqual([
    made.root,
    ...['src', 'src/deep', 'src/deep/more'].map((path) => made.path(path)),
  ])
})

it('a directory that was removed and made again is another one, whatever its inode', () => {
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

it('while the config is broken, all of the workspace is watched but what is no source', async () => {
  const made = workspace()
  const { backend, lookout: out } = lookout()
  await out.cover(await open(made), true)
  const watched = (path: string): boolean => backend.asked.at(-1)!.has(made.path(path))
  expect(['unrelated', 'other', 'cache', 'cache/objects', 'output'].filter(watched)).toEqual([
    'unrelated',
    'other',
  ])
})

it('on a file system on which others write it looks in an interval, and says so once', async () => {
  const { backend, fallback, events, lookout: out, fail } = lookout('NFS')
  await out.begin(await open(workspace()))
  fail(new Error('late'))
  expect(events.map((event) => (event.type === 'watching' ? event.backend : event.type))).toEqual([
    'scanning',
    'scan',
  ])
  expect([backend.closed, backend.asked, fallback.closed]).toEqual([true, [], false])
  await out.close()
  expect(fallback.closed).toBe(true)
})

it.each([
  ['ENOSPC', 'too few inotify watches', 'max_user_watches'],
  ['EMFILE', 'too few inotify instances', 'max_user_instances'],
  ['EIO', 'events cannot be had: went wrong', undefined],
])('a backend that fails with %s is told with what helps', (code, reason, hint) => {
  const { backend, events, fail } = lookout()
  fail(Object.assign(new Error('went wrong'), { code }))
  fail(Object.assign(new Error('went wrong'), { code }))
  expect(events).toHaveLength(1)
  const [event] = events as [Extract<WatchEvent, { type: 'scanning' }>]
  expect(event.reason).toContain(reason)
  if (hint === undefined) expect(event.hint).toBeUndefined()
  else expect(event.hint).toContain(hint)
  expect(backend.closed).toBe(true)
})
