// Tests that lbuild does not wake its own watch: outputs, objects, records, logs and work directories cause no event.
// The kernel reports in order (inotify(7)), so once an edit is reported, no event before it is outstanding.
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { InotifyBackend } from '../../src/watch/inotify.ts'
import { SourceWatcher } from '../../src/watch/sourceWatcher.ts'
import { PollingBackend } from '../../src/watch/polling.ts'
import { openWorkspace } from '../../src/workspace/workspace.ts'
import { processesOf } from '../support/processes.ts'
import { builtWatched, WATCHED_TARGETS, Watching } from '../support/watching.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const fresh = builtWatched()

it('a build, a collection and a clean-up cause no event; the next edit does', async () => {
  const workspace = fresh()
  workspace.write('note.txt', 'stale')
  workspace.write('src/hello', 'stale')
  const heard: string[] = []
  const relevant: string[] = []
  let wake = (): void => {}
  const watcher = new SourceWatcher(
    {
      targets: WATCHED_TARGETS,
      listener: () => {},
      backend: (changes) =>
        new InotifyBackend({
          changed(path, entries) {
            heard.push(path)
            changes.changed(path, entries)
            wake()
          },
          failed: (error) => changes.failed(error),
        }),
      fallback: (changes) => new PollingBackend(changes),
      remoteFileSystem: () => undefined,
    },
    (path) => relevant.push(path),
  )
  onTestFinished(() => watcher.close())
  await watcher.begin(await openWorkspace({ start: workspace.root, home: HOME, hasSandbox: () => true }))

  expect((await workspace.build(...WATCHED_TARGETS)).ran).toContain('image')
  expect((await workspace.lbuild('gc', '--keep', '1')).code).toBe(0)
  expect((await workspace.lbuild('clean')).code).toBe(0)
  expect((await workspace.lbuild(...WATCHED_TARGETS)).code).toBe(0)
  expect((await workspace.lbuild('verify', ...WATCHED_TARGETS)).code).toBe(0)
  workspace.write('src/hello', 'saved')
  const saved = workspace.path('src/hello')
  while (!heard.includes(saved)) await new Promise<void>((resolve) => (wake = resolve))
  expect(new Set(heard)).toEqual(new Set([saved]))

  // Entries of the workspace's own directory are reported, but are not relevant.
  relevant.length = 0
  workspace.remove('output')
  const output = workspace.path('output')
  while (!heard.includes(output)) await new Promise<void>((resolve) => (wake = resolve))
  expect(relevant).toEqual([])
})

it('no other process runs while watch is idle, even after the config was compiled', async () => {
  const workspace = fresh()
  workspace.edit('build.config.ts', 'artifacts: [', "params: { title: 'new' }, artifacts: [")
  const watching = await Watching.of(workspace)
  expect(processesOf(workspace.root)).toEqual([String(watching.child.pid)])
  await watching.after(() => workspace.edit('build.config.ts', "'new'", "'newer'"))
  expect(processesOf(workspace.root)).toEqual([String(watching.child.pid)])
})
