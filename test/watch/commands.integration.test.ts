// Tests the commands that watch runs after a successful build.
import { existsSync, readFileSync } from 'node:fs'
import { expect, it, vi } from 'vitest'
import { allEnded, PATIENCE } from '../support/processes.ts'
import { builtWatched, Watching } from '../support/watching.ts'

const fresh = builtWatched()

it('--exec runs a command after each successful build with its arguments unchanged, and not after a failed one', async () => {
  const workspace = fresh()
  const script = 'cat output/other.txt >>"$0"; echo "$1" >>"$0"'
  const words = ['sh', '-c', script, workspace.path('seen'), 'a "b" $c']
  const watching = await Watching.of(workspace, '--exec', '--', ...words)
  await watching.next('exec', 0, ({ state }) => state === 'ended')
  const from = watching.events.length
  workspace.write('note.txt', 'one\n')
  const { code } = (await watching.next('exec', from, ({ state }) => state === 'ended')) as { code?: number }
  expect(code).toBe(0)
  expect(readFileSync(workspace.path('seen'), 'utf8')).toBe('a note\na "b" $c\none\na "b" $c\n')
  const touched = watching.events.length
  workspace.write('note.txt', 'one\n')
  await watching.next('idle', touched)
  expect(watching.events.slice(touched).map(({ type }) => type)).toEqual(['changed', 'idle'])
  workspace.edit('artifacts/other.ts', '=> copyFileSync', '=> missing || copyFileSync')
  const { events } = await watching.after(() => {})
  expect(events.filter(({ type }) => type === 'exec')).toEqual([])
  expect(events.at(-1)).toMatchObject({ type: 'idle', failed: ['other'] })
})

it.each([
  ['SIGTERM', 143],
  ['SIGKILL', 'SIGKILL'],
] as const)('--exec kills a running command before it starts the next, and on %s', async (signal, code) => {
  const workspace = fresh()
  const seen = workspace.path('seen')
  const script = 'echo here >>"$0"; sleep 1000; true'
  const watching = Watching.start(workspace, '--exec', '--', 'sh', '-c', script, seen)
  // Only the command itself shows that it runs.
  const runs = (times: number): Promise<unknown> =>
    vi.waitUntil(() => existsSync(seen) && readFileSync(seen, 'utf8') === 'here\n'.repeat(times), {
      timeout: PATIENCE,
    })
  await runs(1)
  const from = watching.events.length
  workspace.write('note.txt', 'one\n')
  const ended = await watching.next('exec', from, ({ state }) => state === 'ended')
  expect(ended).toMatchObject({ code: 'SIGKILL' })
  await runs(2)
  watching.child.kill(signal)
  expect((await watching.ended).code).toBe(code)
  await allEnded(workspace.root)
})

it.each([
  [['--exec'], '--exec needs a command after --'],
  [['--run'], "'image' has no bootable output"],
])('rejects %j without what belongs to it', async (words, message) => {
  const { code, stderr } = await fresh().lbuild('watch', 'image', ...words)
  expect(code).toBe(2)
  expect(stderr).toContain(message)
})
