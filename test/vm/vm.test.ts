import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { startVm } from '../../src/vm/vm.ts'
import { withParentDeathSignal } from '../../src/platform/parentDeathSignal.ts'
import { findTool } from '../../src/platform/findTool.ts'

const setpriv = findTool('setpriv')!

test('what is typed goes in, what is written comes out, and the end is told', async () => {
  const vm = startVm(setpriv, ['sh', '-c', 'read line; echo "got $line"; echo oh >&2; exit 3'])
  vm.write('hello\n')
  expect(await text(vm.output)).toBe('got hello\n')
  expect(await vm.exited).toEqual({ code: 3, signal: null, errors: 'oh' })
  vm.write('nobody listens\n')
})

test('an abort kills it', async () => {
  const interrupt = new AbortController()
  const vm = startVm(setpriv, ['sh', '-c', 'trap "" INT TERM; echo up; read never'], interrupt.signal)
  await once(vm.output, 'data')
  interrupt.abort()
  expect(await vm.exited).toMatchObject({ signal: 'SIGKILL' })
})

test('an abort that came before kills it at once', async () => {
  const vm = startVm(setpriv, ['cat'], AbortSignal.abort())
  vm.output.resume()
  expect(await vm.exited).toMatchObject({ code: null })
})

test('a program that is not there is an error', async () => {
  const vm = startVm('/nonexistent/setpriv', ['cat'])
  await expect(vm.exited).rejects.toThrow('ENOENT')
})

test('it does not outlive the process that started it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lbuild-test-'))
  try {
    // A child that starts a machine and is then killed. The machine holds the child's standard output open, which
    // ends for us only when both are gone.
    const [file, args] = withParentDeathSignal(setpriv, ['sh', '-c', 'echo up; exec sleep 600'])
    const child = join(folder, 'child.mjs')
    const source = `
      import { spawn } from 'node:child_process'
      spawn(${JSON.stringify(file)}, ${JSON.stringify(args)}, { stdio: 'inherit' })
    `
    await writeFile(child, source)
    const parent = spawn(process.execPath, [child], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(parent.stdout, 'data')
    parent.kill('SIGKILL')
    expect(await text(parent.stdout)).toBe('')
  } finally {
    await rm(folder, { recursive: true })
  }
})
