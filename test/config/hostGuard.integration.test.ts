// Tests that a config cannot read what no key contains.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

/** A distro whose config runs some code and declares the value `seen` as a param. */
const workspaceWith = (code: string, files: Readonly<Record<string, string>> = {}): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig, text } from 'lbuild'
${code}
const note = artifact('note', {
  params: { seen: text(String(seen)) },
  outputs: { note: 'note.txt' },
  produce: ({ outputs, params }) => writeFileSync(outputs.note, params.seen),
})
export default defineConfig({ artifacts: [note] })
`,
    ...files,
  })

const FILES = /^ {2}hint: import the file, .*, or declare it as an input/m
const PROGRAMS = /^ {2}hint: call run\(…\) in produce/m
const NETWORK = /^ {2}hint: declare a lockfile/m
const CLOCK = /^ {2}hint: write a fixed time, or use epoch/m
const RANDOM = /^ {2}hint: write a fixed value, or declare a param/m
const HOST = /^ {2}hint: declare a param/m

it.each<[string, string, string, RegExp]>([
  [
    'a file',
    `import fs from 'node:fs'; const seen = fs.readFileSync('RELEASE', 'utf8')`,
    'fs.readFileSync',
    FILES,
  ],
  [
    'a file with promises',
    `import { readFile } from 'node:fs/promises'; const seen = await readFile('RELEASE')`,
    'fs.promises.readFile',
    FILES,
  ],
  [
    'a directory with a function taken earlier',
    `import * as fs from 'fs'; const { readdirSync: list } = fs; const seen = list('.')`,
    'fs.readdirSync',
    FILES,
  ],
  [
    'a module whose path is computed',
    `const name = process.cwd() + '/RELEASE'; const seen = await import(name + '.cjs')`,
    'fs.realpathSync',
    FILES,
  ],
  [
    'the existence of a file, and catches the error',
    `import { existsSync } from 'node:fs'; let seen = 'none'; try { if (existsSync('RELEASE')) seen = 'some' } catch {}`,
    'fs.existsSync',
    FILES,
  ],
  [
    'the output of a program',
    `import { execFileSync } from 'node:child_process'; const seen = execFileSync('git', ['describe'])`,
    'child_process.execFileSync',
    PROGRAMS,
  ],
  [
    'a worker',
    `import { Worker } from 'node:worker_threads'; const seen = new Worker('x.js')`,
    'worker_threads.Worker',
    PROGRAMS,
  ],
  ['the web', `const seen = await fetch('http://127.0.0.1:9/')`, 'globalThis.fetch', NETWORK],
  [
    'a name server',
    `import { lookup } from 'node:dns/promises'; const seen = await lookup('host')`,
    'dns.promises.lookup',
    NETWORK,
  ],
  [
    'a socket',
    `import { connect } from 'node:net'; const seen = connect(9, '127.0.0.1')`,
    'net.Socket.connect',
    NETWORK,
  ],
  ['the date', 'const seen = new Date().getFullYear()', 'new Date', CLOCK],
  ['the clock', 'const seen = Date.now()', 'Date.now', CLOCK],
  ['the time since the start', 'const seen = performance.now()', 'performance.now', CLOCK],
  ['the time at which it started', 'const seen = performance.timeOrigin', 'performance.timeOrigin', CLOCK],
  [
    'the date as a text',
    `const seen = new Intl.DateTimeFormat('en').format()`,
    'Intl.DateTimeFormat.format',
    CLOCK,
  ],
  [
    'the clock of another context',
    `import vm from 'node:vm'; const seen = vm.runInNewContext('Date.now()')`,
    'vm.runInNewContext',
    CLOCK,
  ],
  ['the time of an event', `const seen = new Event('x').timeStamp`, 'Event.timeStamp', CLOCK],
  [
    'a random key',
    `const seen = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 128 }, true, ['encrypt'])`,
    'crypto.subtle.generateKey',
    RANDOM,
  ],
  ['the number of its process', 'const seen = process.pid', 'process.pid', HOST],
  [
    'its memory',
    `import v8 from 'node:v8'; const seen = v8.getHeapStatistics().used_heap_size`,
    'v8.getHeapStatistics',
    HOST,
  ],
  ['a random number', 'const seen = Math.random()', 'Math.random', RANDOM],
  [
    'random bytes',
    `import { randomBytes } from 'crypto'; const seen = randomBytes(4)`,
    'crypto.randomBytes',
    RANDOM,
  ],
  [
    'the name of the host',
    `import { hostname } from 'node:os'; const seen = hostname()`,
    'os.hostname',
    HOST,
  ],
  ['the user', 'const seen = process.getuid()', 'process.getuid', HOST],
])(
  'a config that reads %s is refused, and the error names what to use instead',
  async (_, code, call, hint) => {
    const workspace = workspaceWith(code, { RELEASE: '1.0', 'RELEASE.cjs': 'module.exports = 1' })
    const { code: exitCode, stderr } = await workspace.lbuild('note')
    expect(stderr).toContain(`error: build.config.ts must not call ${call} while it is evaluated\n`)
    expect(stderr).toMatch(hint)
    expect(stderr).toMatch(new RegExp(`^ {2}at: +${workspace.root}/build.config.ts:\\d`, 'm'))
    expect(exitCode).toBe(2)
    expect(workspace.exists('output')).toBe(false)
  },
)

it('a library may read the clock and random numbers while it loads, but sees the same ones every time', async () => {
  const workspace = workspaceWith(`import seen from 'stamp'`, {
    'node_modules/stamp/index.js':
      'module.exports = [Date.now(), Math.random(), new Date().toISOString()].join()',
  })
  await workspace.build('note')
  expect(workspace.read('output/note.txt')).toBe('1767225600000,0.5,2026-01-01T00:00:00.000Z')
})

it('a producer may read the clock and files, also with functions that its module took earlier', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': `import * as fs from 'node:fs'
import { artifact, defineConfig, file } from 'lbuild'
const { readFileSync } = fs
const Clock = Date
const note = artifact('note', {
  inputs: { release: file('RELEASE') },
  outputs: { note: 'note.txt' },
  produce: ({ inputs, outputs }) =>
    fs.writeFileSync(outputs.note, readFileSync(inputs.release, 'utf8') + (new Clock().getFullYear() > 2000)),
})
export default defineConfig({ artifacts: [note] })
`,
    RELEASE: 'two ',
  })
  await workspace.build('note')
  expect(workspace.read('output/note.txt')).toBe('two true')
})
