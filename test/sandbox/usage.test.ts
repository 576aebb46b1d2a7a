// Tests what is counted as the memory of a run.
import { expect, it } from 'vitest'
import { filesInMemory } from '../../src/sandbox/usage.ts'

it('a process that has not entered the sandbox uses no memory for files of the host', () => {
  expect(filesInMemory(process.pid, ['/tmp', '/dev/shm', '/usr'])).toBe(0)
})
