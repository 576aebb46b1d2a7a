// Tests that the code of a config can neither block, end nor change lbuild.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

/** A distro with one artifact, whose config also runs some code. */
const workspaceWith = (code: string): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
${code}
const image = artifact('image', {
  outputs: { image: 'image.img' },
  produce: ({ outputs }) => writeFileSync(outputs.image, [1, 2].join()),
})
export default defineConfig({ artifacts: [image] })
`,
  })

it.each([
  ['ends its process with 0', 'process.exit(0)', 'ended with: exit code 0'],
  ['ends its process with 7', 'process.exit(7)', 'ended with: exit code 7'],
  ['kills its process', `process.kill(0, 'SIGKILL')`, 'ended with: SIGKILL'],
  [
    'awaits a promise that nothing settles',
    'await new Promise(() => {})',
    'awaits a promise that nothing can settle',
  ],
  ['throws no error', `throw 'a text'`, 'build.config.ts throws: a text'],
  [
    'rejects a promise that nothing handles',
    `void Promise.reject(new Error('nobody catches this'))`,
    'build.config.ts throws: nobody catches this',
  ],
  [
    'throws in a callback while it awaits another',
    `queueMicrotask(() => { throw new RangeError('in a callback') }); await new Promise((end) => setTimeout(end, 5000))`,
    'build.config.ts throws: in a callback',
  ],
])('a config that %s fails every command with exit code 2 and a reason', async (_, code, message) => {
  const workspace = workspaceWith(code)
  for (const command of [['image'], ['status'], ['why', 'image'], ['graph']]) {
    const { code: exitCode, stdout, stderr } = await workspace.lbuild(...command)
    expect(stderr).toContain(message)
    expect(stderr).toMatch(/^ {2}hint: /m)
    expect([exitCode, stdout]).toEqual([2, ''])
  }
  expect(workspace.exists('output')).toBe(false)
})

it.each([
  ['a timer', 'setInterval(() => {}, 1000)'],
  ['a handler for the end of its process', `process.on('exit', () => { for (;;); })`],
  ['a handler that restarts the event loop', `process.on('beforeExit', () => setTimeout(() => {}, 1000))`],
])('a config that leaves %s running does not keep lbuild alive', async (_, code) => {
  const workspace = workspaceWith(code)
  expect((await workspace.build('image')).ran).toEqual(['image'])
  expect(workspace.read('output/image.img')).toBe('1,2')
})

it('a config that changes globals changes nothing of lbuild', async () => {
  const workspace = workspaceWith(
    `JSON.stringify = () => 'null'; Array.prototype.map = () => []; process.chdir('/'); process.exitCode = 9`,
  )
  const { code } = await workspace.lbuild('status')
  workspace.edit('build.config.ts', `JSON.stringify = () => 'null'; Array.prototype.map = () => []; `, '')
  expect(code).toBe(2)
  expect((await workspace.build('image')).code).toBe(0)
})

it('what a config prints goes to standard error, so that JSON on standard output stays valid', async () => {
  const workspace = workspaceWith(`console.log('printed'); process.stdout.write('written')`)
  const { stdout, stderr } = await workspace.lbuild('status', '--json')
  expect(JSON.parse(stdout)).toMatchObject({ targets: ['image'] })
  expect(stderr).toBe('printed\nwritten')
  expect((await workspace.lbuild('status', '--json')).stderr).toBe('')
})

it('a config that does not finish is stopped at its time limit, which a variable sets', async () => {
  const workspace = workspaceWith('for (;;);')
  workspace.env['LBUILD_CONFIG_TIMEOUT'] = '1'
  const { code, stderr } = await workspace.lbuild('image')
  expect(stderr).toBe(
    'error: build.config.ts did not finish within 1 s\n  hint: make it faster, or set LBUILD_CONFIG_TIMEOUT to a larger number of seconds\n',
  )
  expect(code).toBe(2)
  for (const value of ['0', '1.5', 'soon', '']) {
    workspace.env['LBUILD_CONFIG_TIMEOUT'] = value
    const { stderr: error, code: exitCode } = await workspace.lbuild('image')
    expect(error).toContain('LBUILD_CONFIG_TIMEOUT is not a number of seconds')
    expect(exitCode).toBe(2)
  }
})

it.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
] as const)('%s ends lbuild while a config loops', async (signal, exitCode) => {
  const workspace = workspaceWith(
    `process.on('${signal}', () => {}); process.stderr.write('looping'); for (;;);`,
  )
  const { child, ended } = workspace.start('image')
  await new Promise((resolve) => child.stderr!.once('data', resolve))
  child.kill(signal)
  expect((await ended).code).toBe(exitCode)
})

it('the time zone and the locale of the user do not change what a config declares', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig, text } from 'lbuild'
const day = new Date(1_767_225_599_000).toString() + (12345.5).toLocaleString()
const note = artifact('note', {
  params: { day: text(day) },
  outputs: { note: 'note.txt' },
  produce: ({ outputs, params }) => writeFileSync(outputs.note, params.day),
})
export default defineConfig({ artifacts: [note] })
`,
  })
  Object.assign(workspace.env, { TZ: 'Asia/Tokyo', LC_ALL: 'de_DE.UTF-8', LANG: 'de_DE.UTF-8' })
  await workspace.build('note')
  expect(workspace.read('output/note.txt')).toMatch(/^Wed Dec 31 2025 23:59:59 GMT\+0000 .*12,345\.5$/)
})
