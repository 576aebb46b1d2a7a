import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { InotifyBackend } from '../../src/watch/inotify.ts'
import { Lookout } from '../../src/watch/sourceWatcher.ts'
import { ScanBackend } from '../../src/watch/scan.ts'
import { openWorkspace } from '../../src/workspace/workspace.ts'
import { processesOf } from '../support/processes.ts'
import { builtWatched, WATCHED_TARGETS, Watching } from '../support/watching.ts'

// What a build writes wakes nobody: not outputs, objects, records, the index, logs or work directories. The kernel tells
// in order (inotify(7)), so that a save which is heard of says that there is nothing more to hear of before it.

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const fresh = builtWatched()

it('a build, a collection and a clean-up are not heard of; the next save is', async () => {
  const workspace = fresh()
  workspace.write('note.txt', 'stale')
  workspace.write('src/hello', 'stale')
  const heard: string[] = []
  let wake = (): void => {}
  const lookout = new Lookout({
    targets: WATCHED_TARGETS,
    listener: () => {},
    backend: (hints) =>
      new InotifyBackend({
        happened(path, entries) {
          heard.push(path)
          hints.happened(path, entries)
          wake()
        },
        failed: (error) => hints.failed(error),
      }),
    fallback: (hints) => new ScanBackend(hints),
    distrust: () => undefined,
  })
  onTestFinished(() => lookout.close())
  await lookout.begin(await openWorkspace({ start: workspace.root, home: HOME }))

  expect((await workspace.build(...WATCHED_TARGETS)).ran).toContain('image')
  expect((await workspace.lbuild('gc', '--keep', '1')).code).toBe(0)
  expect((await workspace.lbuild('clean')).code).toBe(0)
  expect((await workspace.lbuild(...WATCHED_TARGETS)).code).toBe(0)
  expect((await workspace.lbuild('verify', ...WATCHED_TARGETS)).code).toBe(0)
  workspace.write('src/hello', 'saved')
  const saved = workspace.path('src/hello')
  while (!heard.includes(saved)) await new Promise<void>((resolve) => (wake = resolve))
  expect(new Set(heard)).toEqual(new Set([saved]))

  // What is made in the workspace's own directory is heard of, and is of no concern.
  lookout.hints.take()
  workspace.remove('output')
  const output = workspace.path('output')
  while (!heard.includes(output)) await new Promise<void>((resolve) => (wake = resolve))
  expect(lookout.hints.take()).toBeUndefined()
})

it('no other process is there while watch waits, also where the config had to be compiled', async () => {
  const workspace = fresh()
  workspace.edit('build.config.ts', 'artifacts: [', "params: { title: 'new' }, artifacts: [")
  const watching = await Watching.of(workspace)
  expect(processesOf(workspace.root)).toEqual([String(watching.child.pid)])
  await watching.after(() => workspace.edit('build.config.ts', "'new'", "'newer'"))
  expect(processesOf(workspace.root)).toEqual([String(watching.child.pid)])
})
