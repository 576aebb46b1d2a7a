import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { expect, it, onTestFinished } from 'vitest'
import type { WatchEvent } from '../../src/watch/events.ts'
import { builtWatched, WATCHED_TARGETS } from './support/watching.ts'

// Where inotify has too few watches, watch says so once, with what helps, and sees every edit nevertheless.

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
