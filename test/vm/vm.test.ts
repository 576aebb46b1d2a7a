// Tests the child process of a virtual machine with shell scripts in place of QEMU.
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

test('passes input and output, and reports the end', async () => {
  const vm = startVm(setpriv, ['sh', '-c', 'read line; echo "got $line"; echo oh >&2; exit 3'])
  vm.write('hello\n')
  expect(await text(vm.output)).toBe('got hello\n')
  expect(await vm.exited).toEqual({ code: 3, signal: null, errors: 'oh' })
  vm.write('nobody listens\n')
})

test('an abort kills the process', async () => {
  const interrupt = new AbortController()
  const vm = startVm(setpriv, ['sh', '-c', 'trap "" INT TERM; echo up; read never'], interrupt.signal)
  await once(vm.output, 'data')
  interrupt.abort()
  expect(await vm.exited).toMatchObject({ signal: 'SIGKILL' })
})

test('an earlier abort kills the process at once', async () => {
  const vm = startVm(setpriv, ['cat'], AbortSignal.abort())
  vm.output.resume()
  expect(await vm.exited).toMatchObject({ code: null })
})

test('a missing program is an error', async () => {
  const vm = startVm('/nonexistent/setpriv', ['cat'])
  await expect(vm.exited).rejects.toThrow('ENOENT')
})

test('the process dies with the process that started it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lbuild-test-'))
  try {
    // A child starts a machine and is then killed. The machine holds the child's standard output open, so that ends
    // only when both have ended.
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
