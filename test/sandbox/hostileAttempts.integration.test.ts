// Tests that producers in the sandbox can neither change the host nor see it.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import * as fs from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { processesOf } from '../support/processes.ts'
import type { Built } from '../support/workspace.ts'
import { ordinaryUser } from '../support/ordinaryUser.ts'
import { TestWorkspace } from '../support/workspace.ts'
import { ATTEMPTS_ON_HOST } from './support/attemptsOnHost.ts'
import { ATTEMPTS_ON_MOUNTS } from './support/attemptsOnMounts.ts'
import { attempting, buildAll, nameOf, reportOf } from './support/hostileProducers.ts'

const ATTEMPTS = [...ATTEMPTS_ON_MOUNTS, ...ATTEMPTS_ON_HOST]
const USER = ordinaryUser()
const isRoot = process.geteuid?.() === 0

const USERS = [
  { name: isRoot ? 'root' : 'an ordinary user', id: undefined, skipped: false },
  { name: 'a user with subordinate ids', id: USER, skipped: USER === undefined },
]

describe.each(USERS)('a producer of $name', ({ id, skipped }) => {
  const root = TestWorkspace.lasting()
  const socket = `lbuild-test-${process.pid}-${id ?? 0}`
  const [tcp, abstract] = [createServer(), createServer()]
  let sleeper: ChildProcess
  let workspace: TestWorkspace
  let built: Built

  beforeAll(async () => {
    if (skipped) return
    sleeper = spawn('sleep', ['3600'])
    await Promise.all([
      once(tcp.listen(0), 'listening'),
      once(abstract.listen({ path: `\0${socket}` }), 'listening'),
    ])
    const { port } = tcp.address() as AddressInfo
    const params = {
      root,
      sleeper: String(sleeper.pid),
      lbuild: String(process.pid),
      port: String(port),
      socket,
    }
    workspace = attempting(ATTEMPTS, params, root)
    if (id !== undefined) {
      fs.chownSync(root, id, id)
      workspace = workspace.asUser(id, id)
    }
    workspace.env['UNDECLARED'] = 'not-declared'
    const options = Object.entries(params).flatMap(([name, value]) => ['--set', `${name}=${value}`])
    built = await buildAll(workspace, ATTEMPTS, ...options)
  })

  afterAll(() => {
    if (skipped) return
    sleeper.kill()
    tcp.close()
    abstract.close()
  })

  it.skipIf(skipped).each(ATTEMPTS)('that $title is refused or contained', (attempt) => {
    const report = reportOf(built, attempt)
    expect(report.failure).toBeUndefined()
    for (const line of workspace.read(`output/${nameOf(attempt)}.txt`).split('\n'))
      expect(line).toMatch(attempt.expected)
  })

  it.skipIf(skipped)(
    'leaves the inputs, the outputs of others and the processes of the host alone',
    async () => {
      expect(built.stderr).not.toContain('unconfined')
      expect(workspace.read('note.txt')).toBe('a note')
      expect(workspace.read('tree/deep/file')).toBe('in a tree')
      expect(workspace.read('output/victim.txt')).toBe('untouched')
      expect(sleeper.exitCode ?? sleeper.signalCode).toBeNull()
      expect(processesOf(root)).toEqual([])
      expect(fs.readdirSync(workspace.path('cache/work'))).toEqual([])
      expect((await workspace.lbuild('verify', 'victim')).code).toBe(0)
    },
  )
})
