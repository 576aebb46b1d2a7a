// Tests the inotify backend: where something changed, and whether names came or went.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { directoriesOf } from '../../src/watch/directories.ts'
import { InotifyBackend } from '../../src/watch/inotify.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** Watches a tree; `until` returns the events up to the first at a path. */
async function watched(root: string) {
  let reported: (readonly [path: string, entries: boolean])[] = []
  let wake = (): void => {}
  const backend = new InotifyBackend({
    changed(path, entries) {
      // The directory above the root is watched, too, and other processes write to it.
      if (!path.startsWith(`${root}/`)) return
      reported.push([path.slice(root.length), entries])
      wake()
    },
    failed(error) {
      throw error
    },
  })
  onTestFinished(() => backend.close())
  const watchTree = (): Promise<void> => backend.watch(directoriesOf({ trees: [root], files: [] }, root))
  await watchTree()
  const until = async (path: string): Promise<typeof reported> => {
    while (!reported.some(([at]) => at === path)) await new Promise<void>((resolve) => (wake = resolve))
    const all = reported
    reported = []
    return all
  }
  return { watchTree, until }
}

it('distinguishes changed contents from added and removed names', async () => {
  const root = temporaryDirectory()
  mkdirSync(`${root}/deep`)
  writeFileSync(`${root}/deep/file`, 'one')
  const { until } = await watched(root)
  writeFileSync(`${root}/deep/file`, 'two')
  const heard = (await until('/deep/file')).filter(([path]) => path === '/deep/file')
  expect(heard.map(([, entries]) => entries)).not.toContain(true)
  writeFileSync(`${root}/deep/new`, '')
  expect(await until('/deep/new')).toContainEqual(['/deep/new', true])
  rmSync(`${root}/deep/new`)
  expect(await until('/deep/new')).toContainEqual(['/deep/new', true])
})

it('reports the end of a directory at its own path, and an entry of the same name at its full path', async () => {
  const root = temporaryDirectory()
  mkdirSync(`${root}/deep`)
  const { watchTree, until } = await watched(root)
  rmSync(`${root}/deep`, { recursive: true })
  writeFileSync(`${root}/last`, '')
  for (const [path] of await until('/last')) expect(['/deep', '/last']).toContain(path)
  mkdirSync(`${root}/again`)
  await watchTree()
  writeFileSync(`${root}/again/again`, '')
  expect(await until('/again/again')).toContainEqual(['/again/again', true])
})

it('watches a directory that replaces another', async () => {
  const root = temporaryDirectory()
  mkdirSync(`${root}/deep`)
  const { watchTree, until } = await watched(root)
  rmSync(`${root}/deep`, { recursive: true })
  mkdirSync(`${root}/deep`)
  await watchTree()
  writeFileSync(`${root}/deep/file`, '')
  expect(await until('/deep/file')).toContainEqual(['/deep/file', true])
})
