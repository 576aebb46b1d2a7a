// Tests how lbuild learns the first process of a sandbox.
import type { ChildProcess } from 'node:child_process'
import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { firstProcess } from '../../src/sandbox/bubblewrap.ts'

/** A process whose pipe of states sends some texts and ends. */
function sending(...texts: readonly string[]): Pick<ChildProcess, 'stdio'> {
  const pipe = new PassThrough()
  for (const text of texts) pipe.write(text)
  pipe.end()
  const none = null
  return { stdio: [none, none, none, none, none, none, none, pipe] as unknown as ChildProcess['stdio'] }
}

it('the first process of a sandbox is the one that bwrap names first', async () => {
  await expect(firstProcess(sending('{ "child-pid": 47, "net-namespace": 1 }\n'))).resolves.toBe(47)
  await expect(firstProcess(sending('{ "chi', 'ld-pid": 47, }', '{ "child-pid": 1 }'))).resolves.toBe(47)
})

it('a sandbox that never started has no first process', async () => {
  await expect(firstProcess(sending())).resolves.toBeUndefined()
  await expect(firstProcess(sending('{ "exit-code": 1 }\n'))).resolves.toBeUndefined()
})
