import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { findTool } from '../../src/platform/findTool.ts'
import type { WatchEvent } from '../../src/watch/events.ts'
import { RunningMachine } from '../../src/vm/restart.ts'
import { file, folder, program } from '../support/fakes.ts'
import { processesOf } from '../support/processes.ts'

// The machine of `watch --run`, with a QEMU that is a shell script: it runs the newest image, one machine at a time.

function machine(qemu = 'echo "machine of $*"; read -r never') {
  const root = folder()
  program(root, 'bin/qemu-system-x86_64', qemu)
  symlinkSync(findTool('setpriv')!, join(root, 'bin/setpriv'))
  const events: WatchEvent[] = []
  const console = join(root, 'logs/console')
  const options = { firmware: 'bios', accelerator: 'tcg', searchPath: join(root, 'bin') } as const
  const running = new RunningMachine(options, console, false, (event) => events.push(event))
  onTestFinished(() => running.stop())
  const path = file(root, 'os.raw')
  const states = (): readonly string[] =>
    events.map((event) => (event.type === 'machine' ? event.state : event.type))
  const until = (...wanted: readonly string[]): Promise<unknown> =>
    vi.waitUntil(() => states().join() === wanted.join(), { interval: 5, timeout: 20_000 })
  return { root, console, running, events, path, states, until }
}

it('starts an image once, another one in its place, and the same one again when it is told to', async () => {
  const { root, console, running, path, until } = machine()
  running.restart()
  running.update({ path, sha256: 'a' })
  running.update({ path, sha256: 'a' })
  await until('started')
  await vi.waitUntil(() => existsSync(console) && readFileSync(console, 'utf8').includes(`file=${path}`))
  running.update({ path, sha256: 'a' })
  running.update({ path, sha256: 'b' })
  await until('started', 'ended', 'started')
  running.restart()
  await until('started', 'ended', 'started', 'ended', 'started')
  expect(processesOf(root)).toHaveLength(1)
  await running.stop()
  await until('started', 'ended', 'started', 'ended', 'started', 'ended')
  expect(processesOf(root)).toEqual([])
})

it('that ended by itself is started by another image, not by the same one', async () => {
  const { running, events, path, until } = machine('echo "no room" >&2; exit 1')
  running.update({ path, sha256: 'a' })
  await until('started', 'ended')
  expect(events[1]).toMatchObject({ errors: 'no room' })
  running.update({ path, sha256: 'a' })
  running.update({ path, sha256: 'b' })
  await until('started', 'ended', 'started', 'ended')
})

it('that cannot be started is told, and the next image is tried', async () => {
  const { root, running, events, path, states, until } = machine()
  running.update({ path: join(root, 'gone.raw'), sha256: 'a' })
  await until('failed')
  expect(events[0]).toMatchObject({ what: 'machine', failure: { hint: 'build it first' } })
  running.update({ path, sha256: 'b' })
  await until('failed', 'started')
  await running.stop()
  expect(states()).toEqual(['failed', 'started', 'ended'])
})
