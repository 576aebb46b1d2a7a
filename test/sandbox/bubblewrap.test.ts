// Tests how lbuild learns the first process of a sandbox, and that the command does not start before.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { expect, it } from 'vitest'
import { firstProcess } from '../../src/sandbox/bubblewrap.ts'

const start = (script: string) =>
  spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore', ...Array<'pipe'>(5).fill('pipe')] })

it('the command of a sandbox starts when lbuild knows the first process', async () => {
  const child = start('(read line <&7; echo "started$line") & echo $!; wait')
  const output = child.stdout ? text(child.stdout) : ''
  const first = await firstProcess(child)
  await once(child, 'close')
  expect(await output).toBe(`${first?.pid}\nstarted\n`)
})

it('a sandbox that ends before it has a process has no first process', async () => {
  const child = start('exit 1')
  await expect(firstProcess(child)).resolves.toBeUndefined()
  const missing = spawn('/nonexistent/bwrap')
  missing.on('error', () => {})
  await expect(firstProcess(missing)).resolves.toBeUndefined()
})
