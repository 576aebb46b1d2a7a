// Tests that lbuild contains what a hostile or broken producer does, and that the next build works.
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const workspaceOf = (code: string): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': `import * as fs from 'node:fs'
import { execFileSync } from 'node:child_process'
import { artifact, defineConfig } from 'lbuild'
const image = artifact('image', {
  tools: ['sh'],
  outputs: { image: 'image.img' },
  produce: async ({ outputs, work, run }) => {
    ${code}
    fs.writeFileSync(outputs.image, 'good')
  },
})
export default defineConfig({ artifacts: [image] })
`,
  })

const RESULT = '/work/.lbuild-result.json'

describe.each<readonly [string, string, RegExp]>([
  [
    'makes a fifo of its result',
    `execFileSync('mkfifo', ['${RESULT}']); process.exit(0)`,
    /\.lbuild-result\.json is a special file/,
  ],
  [
    'links its result to an endless device',
    `fs.symlinkSync('/dev/zero', '${RESULT}'); process.exit(0)`,
    /\.lbuild-result\.json is a symlink/,
  ],
  [
    'writes a result of another shape',
    `fs.writeFileSync('${RESULT}', '{"ok":true,"versions":7}'); process.exit(0)`,
    /\.lbuild-result\.json is not a result/,
  ],
  [
    'awaits a promise that nothing settles',
    'await new Promise(() => {})',
    /awaits a promise that nothing can settle\n[^]*hint: resolve or reject/,
  ],
  [
    'awaits such a promise after a tool has run',
    `await run('sh', ['-c', 'true']); await new Promise(() => {})`,
    /awaits a promise that nothing can settle/,
  ],
  [
    'runs a tool that prints without end',
    `await run('sh', ['-c', 'yes'])`,
    /sh printed too much: more than 64 MiB on one stream/,
  ],
  [
    'runs a tool that prints binary data without end',
    `await run('sh', ['-c', 'cat /dev/zero'])`,
    /sh printed too much: more than 64 MiB on one stream/,
  ],
  [
    'runs a tool that reports errors without end',
    `await run('sh', ['-c', 'cat /dev/urandom >&2'])`,
    /sh printed too much: more than 64 MiB on one stream/,
  ],
  [
    'runs a tool that fails after 40 MB of binary data',
    `await run('sh', ['-c', 'head -c 40000000 /dev/zero; exit 4'])`,
    /sh failed[^]*ended with: +exit code 4/,
  ],
  [
    'throws an error whose message and stack are no texts',
    `throw Object.assign(new Error('x'), { message: [7], stack: {} })`,
    /^error: image: 7$/m,
  ],
  [
    'throws a value that has no text',
    `throw { toString() { throw new Error('refused') } }`,
    /a value without a text was thrown/,
  ],
  [
    'fails with a line of 20 MB',
    `await run('sh', ['-c', 'head -c 20000000 /dev/zero | tr "\\\\0" x; exit 3'])`,
    /…x{1000}[^]*ended with: +exit code 3/,
  ],
  ['throws escape sequences', `throw new Error('\\x1b]0;title\\x07\\x1b[2J')`, /^error: image: $/m],
])('a producer that %s', (_, code, message) => {
  it('fails with a short message, and runs once it is corrected', async () => {
    const workspace = workspaceOf(code)
    const { code: exitCode, stderr } = await workspace.lbuild('image')
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(1)
    expect(stderr.length).toBeLessThan(20_000)
    // oxlint-disable-next-line no-control-regex
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
    workspace.edit('build.config.ts', code, '')
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(workspace.read('output/image.img')).toBe('good')
  })
})

it('a producer that leaves directories deeper than any path stops neither its own build nor the next', async () => {
  const deep = `for (let depth = 0; depth < 500; depth += 1) { fs.mkdirSync('directory'); process.chdir('directory') }`
  const workspace = workspaceOf(`process.chdir(work); ${deep}`)
  expect((await workspace.build('image')).ran).toEqual(['image'])
  workspace.edit('build.config.ts', deep, `${deep} throw new Error('no')`)
  expect((await workspace.lbuild('image')).code).toBe(1)
  workspace.edit('build.config.ts', `${deep} throw new Error('no')`, '')
  expect((await workspace.build('image')).code).toBe(0)
})
