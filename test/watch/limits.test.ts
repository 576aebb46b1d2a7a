import { spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import type { WatchEvent } from '../../src/watch/events.ts'
import { builtWatched, Watching, WATCHED_TARGETS } from '../support/watching.ts'

// Where inotify has too few watches, or cannot be asked for a directory, watch says so once, with what helps, and sees
// every edit nevertheless.

const fresh = builtWatched()

it('too few inotify watches: it says so, and looks in an interval', async () => {
  const workspace = fresh()
  // The limit of a user namespace of one's own (user_namespaces(7)), which goes with it.
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
  const told = events.filter((event) => event.type === 'scanning')
  expect(told).toHaveLength(1)
  expect(told[0]).toMatchObject({ reason: expect.stringContaining('too few inotify watches') as string })
  expect(told[0]?.hint).toContain('fs.inotify.max_user_watches')
  expect(events.find(({ type }) => type === 'watching')).toMatchObject({ backend: 'scan' })
  expect(events.at(-1)).toMatchObject({ type: 'built', outcome: 'done', ran: ['packed', 'names', 'image'] })
})

it('a directory whose name is not UTF-8: it says so, and looks in an interval', async () => {
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
  const told = watching.events.filter((event) => event.type === 'scanning')
  expect(told).toHaveLength(1)
  expect(told[0]?.reason).toContain('src/\\xff" is not UTF-8')
  expect(told[0]?.hint).toBeUndefined()
})
