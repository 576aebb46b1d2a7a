import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect, it, onTestFinished } from 'vitest'
import { directoriesOf } from '../../src/watch/directories.ts'
import { InotifyBackend } from '../../src/watch/inotify.ts'
import { temporaryDirectory } from '../support/temporary.ts'

// What the kernel tells of directories, as watch takes it: where something happened, and whether names came or went.

/** Watches a tree, and gives what is told until, and with, an event at a path. */
async function watched(root: string) {
  let told: (readonly [path: string, entries: boolean])[] = []
  let wake = (): void => {}
  const backend = new InotifyBackend({
    happened(path, entries) {
      told.push([path.slice(root.length), entries])
      wake()
    },
    failed(error) {
      throw error
    },
  })
  onTestFinished(() => backend.close())
  const arm = (): Promise<void> => backend.watch(directoriesOf({ trees: [root], files: [] }, root))
  await arm()
  const until = async (path: string): Promise<typeof told> => {
    while (!told.some(([at]) => at === path)) await new Promise<void>((resolve) => (wake = resolve))
    const all = told
    told = []
    return all
  }
  return { arm, until }
}

it('content that changes is no name that comes; what comes and goes is', async () => {
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

it('the end of a directory is told at its own path, and what is in one of its name at that', async () => {
  const root = temporaryDirectory()
  mkdirSync(`${root}/deep`)
  const { arm, until } = await watched(root)
  rmSync(`${root}/deep`, { recursive: true })
  writeFileSync(`${root}/last`, '')
  for (const [path] of await until('/last')) expect(['/deep', '/last']).toContain(path)
  mkdirSync(`${root}/again`)
  await arm()
  writeFileSync(`${root}/again/again`, '')
  expect(await until('/again/again')).toContainEqual(['/again/again', true])
})

it('what is watched no longer is not heard of, and a directory that came to the place of another is', async () => {
  const root = temporaryDirectory()
  mkdirSync(`${root}/deep`)
  const { arm, until } = await watched(root)
  rmSync(`${root}/deep`, { recursive: true })
  mkdirSync(`${root}/deep`)
  await arm()
  writeFileSync(`${root}/deep/file`, '')
  expect(await until('/deep/file')).toContainEqual(['/deep/file', true])
})
