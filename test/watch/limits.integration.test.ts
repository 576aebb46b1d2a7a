// Tests that watch polls where inotify cannot watch everything, and misses no edit.
import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import type { WatchEvent } from '../../src/watch/events.ts'
import { builtWatched, Watching, WATCHED_TARGETS } from '../support/watching.ts'

const fresh = builtWatched()

it('polls when there are too few inotify watches, and explains it once with a hint', async () => {
  const workspace = fresh()
  // The limit of a new user namespace (user_namespaces(7)), which ends with it.
  const script = 'echo 2 >/proc/sys/user/max_inotify_watches && exec "$@"'
  const command = ['-Ur', 'sh', '-c', script, 'sh', process.execPath, workspace.program, 'watch']
  const child = spawn('unshare', [...command, ...WATCHED_TARGETS, '--json'], {
    cwd: workspace.root,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const events: WatchEvent[] = []
  for await (const line of createInterface(child.stdout)) {
    const event = JSON.parse(line) as WatchEvent
    events.push(event)
    if (event.type === 'idle' && events.filter(({ type }) => type === 'idle').length === 1)
      workspace.write('src/etc/motd', 'edited')
    if (event.type === 'built') break
  }
  const polling = events.filter((event) => event.type === 'polling')
  expect(polling).toHaveLength(1)
  expect(polling[0]).toMatchObject({ reason: expect.stringContaining('too few inotify watches') as string })
  expect(polling[0]?.hint).toContain('fs.inotify.max_user_watches')
  expect(events.find(({ type }) => type === 'watching')).toMatchObject({ backend: 'polling' })
  expect(events.at(-1)).toMatchObject({ type: 'built', outcome: 'done', ran: ['packed', 'names', 'image'] })
})

it('polls when the name of a directory is not UTF-8, and explains it once', async () => {
  const workspace = fresh()
  const watching = await Watching.of(workspace)
  const directory = Buffer.concat([Buffer.from(workspace.path('src/')), Buffer.from([0xff])])
  const file = Buffer.concat([directory, Buffer.from('/file')])
  await watching.after(() => {
    mkdirSync(directory)
    writeFileSync(file, 'one')
  })
  const from = watching.events.length
  writeFileSync(file, 'two')
  await watching.next('built', from, ({ ran }) => ran.includes('image'))
  expect((await workspace.lbuild('status', '--check')).code).toBe(0)
  expect(workspace.bytes('output/tiny.img').includes('two')).toBe(true)
  const polling = watching.events.filter((event) => event.type === 'polling')
  expect(polling).toHaveLength(1)
  expect(polling[0]?.reason).toContain('src/\\xff" is not UTF-8')
  expect(polling[0]?.hint).toBeUndefined()
})
