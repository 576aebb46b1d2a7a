// Tests `lbuild watch qcow2 --run` in the reference distro: the machine runs the image of the last successful build.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import type { WatchEvent } from '../../src/watch/events.ts'
import { allEnded, PATIENCE, processesOf } from '../support/processes.ts'
import { Watching } from '../support/watching.ts'
import { TestWorkspace } from '../support/workspace.ts'
import { Distro, PATIENT_BOOT } from './support/distro.ts'

const { root } = Distro.copyForFile()

const machines = (events: readonly WatchEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'machine' ? [event.state] : []))

test('--run boots each new image; after a kill neither the machine nor the build survives', async () => {
  const workspace = new TestWorkspace({}, root)
  const watching = new Watching(workspace, ['qcow2'], ['--run'])
  const { image } = await watching.next('machine')
  const console = join(root, 'cache/watch/qcow2.console')
  const shows = (text: string): Promise<unknown> =>
    vi.waitUntil(() => readFileSync(console, 'utf8').includes(text), {
      timeout: PATIENT_BOOT.bootSeconds * 1000,
      interval: 50,
    })
  expect(image).toBe(join(root, 'output/levitateos.qcow2'))
  const findQemu = (): string => {
    const isQemu = (id: string): boolean => readFileSync(`/proc/${id}/comm`, 'utf8').startsWith('qemu')
    const found = processesOf(root).find(isQemu)
    if (found === undefined) throw new Error('QEMU does not run')
    return found
  }
  // A process starts as a copy of its parent, and others end meanwhile.
  const qemu = await vi.waitFor(findQemu, { timeout: PATIENCE, interval: 50 })

  // While it boots, a failed build leaves the machine alone, and so does the next one if the image stays the same.
  const producer = 'artifacts/qcow2/index.ts'
  const before = workspace.read(producer)
  let from = watching.events.length
  workspace.edit(producer, 'const raw = ', "throw new Error('no image')\n    const raw = ")
  await watching.next('idle', from, ({ failed }) => failed.includes('qcow2'))
  const failed = watching.events.length
  workspace.write(producer, before)
  await watching.next('idle', failed, ({ fresh }) => fresh)
  expect(machines(watching.events.slice(from))).toEqual([])
  expect(processesOf(root)).toContain(qemu)
  await shows('levitate login:')

  // A new image replaces the machine.
  from = watching.events.length
  workspace.write('artifacts/overlay/files/etc/issue', 'the edited system \\n \\l\n')
  await watching.next('machine', from, ({ state }) => state === 'started')
  expect(machines(watching.events.slice(from))).toEqual(['ended', 'started'])
  await shows('the edited system levitate')
  expect(processesOf(root)).not.toContain(qemu)

  watching.child.kill('SIGKILL')
  await watching.ended
  await allEnded(root)
  expect((await workspace.lbuild('qcow2', '--profile', 'dev', '--dry-run', '--check')).code).toBe(0)
  expect(readdirSync(workspace.path('output')).filter((name) => name.includes('.tmp-'))).toEqual([])
})
