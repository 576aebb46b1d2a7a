// Tests the machine of `watch --run` with a shell script in place of QEMU.
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { findTool } from '../../src/platform/findTool.ts'
import type { MachineEvent } from '../../src/vm/runningMachine.ts'
import { RunningMachine } from '../../src/vm/runningMachine.ts'
import { file, folder, program } from '../support/fakes.ts'
import { PATIENCE, processesOf } from '../support/processes.ts'
import { sha256 } from '../../src/platform/digest.ts'

const [OLD, NEW] = [sha256('old'), sha256('new')]

function machine(qemu = 'echo "machine of $*"; read -r never') {
  const root = folder()
  program(root, 'bin/qemu-system-x86_64', qemu)
  symlinkSync(findTool('setpriv')!, join(root, 'bin/setpriv'))
  const events: MachineEvent[] = []
  const console = join(root, 'logs/console')
  const running = new RunningMachine({
    firmware: 'bios',
    accelerator: 'tcg',
    searchPath: join(root, 'bin'),
    console,
    window: false,
    listener: (event) => events.push(event),
  })
  onTestFinished(() => running.stop())
  const path = file(root, 'os.raw')
  const states = (): readonly string[] => events.map(({ state }) => state)
  const until = (...wanted: readonly string[]): Promise<unknown> =>
    vi.waitUntil(() => states().join() === wanted.join(), { interval: 5, timeout: PATIENCE })
  return { root, console, running, events, path, states, until }
}

it('starts an image once, replaces it by a newer one, and restarts it on request', async () => {
  const { root, console, running, path, until } = machine()
  running.restart()
  running.update({ path, sha256: OLD })
  running.update({ path, sha256: OLD })
  await until('started')
  await vi.waitUntil(() => existsSync(console) && readFileSync(console, 'utf8').includes(`file=${path}`), {
    timeout: PATIENCE,
  })
  running.update({ path, sha256: OLD })
  running.update({ path, sha256: NEW })
  await until('started', 'ended', 'started')
  running.restart()
  await until('started', 'ended', 'started', 'ended', 'started')
  expect(processesOf(root)).toHaveLength(1)
  await running.stop()
  await until('started', 'ended', 'started', 'ended', 'started', 'ended')
  expect(processesOf(root)).toEqual([])
})

it('starts a newer image after the machine ended by itself, but not the same image again', async () => {
  const { running, events, path, until } = machine('echo "no room" >&2; exit 1')
  running.update({ path, sha256: OLD })
  await until('started', 'ended')
  expect(events[1]).toMatchObject({ errors: 'no room' })
  running.update({ path, sha256: OLD })
  running.update({ path, sha256: NEW })
  await until('started', 'ended', 'started', 'ended')
})

it('reports a machine that cannot be started, and tries the next image', async () => {
  const { root, running, events, path, states, until } = machine()
  running.update({ path: join(root, 'gone.raw'), sha256: OLD })
  await until('failed')
  expect(events[0]).toMatchObject({ failure: { hint: 'build it first' } })
  running.update({ path, sha256: NEW })
  await until('failed', 'started')
  await running.stop()
  expect(states()).toEqual(['failed', 'started', 'ended'])
})
