// Tests that lbuild ends a run that exceeds a limit, and names the limit.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const workspaceOf = (limits: string, code: string): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': `import { execFileSync, spawn } from 'node:child_process'
import { truncateSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
const image = artifact('image', {
  limits: ${limits}, outputs: { image: 'image.img' },
  produce: async ({ outputs, work }) => {
    const shell = (script: string) => execFileSync('sh', ['-c', script])
    writeFileSync(outputs.image, '')
    ${code}
  },
})
export default defineConfig({ artifacts: [image] })
`,
  })

const CASES: readonly (readonly [string, string, string, RegExp])[] = [
  ['sleeps', '{ seconds: 1 }', `shell('sleep 600')`, /did not finish in time\n +limit: +1 s\n/],
  ['never returns', '{ seconds: 2 }', 'for (;;) {}', /did not finish in time\n +limit: +2 s\n/],
  [
    'starts processes without end',
    '{ processes: 80 }',
    `for (;;) { spawn('sleep', ['600']).on('error', () => {}); await new Promise((next) => setTimeout(next, 1)) }`,
    /too many processes and threads\n +limit: +80\n/,
  ],
  [
    'holds memory',
    `{ memory: '200M' }`,
    'const held = []; for (;;) { held.push(Buffer.alloc(2 ** 20, 1)) }',
    /uses too much memory\n +limit: +200 MiB\n/,
  ],
  [
    'writes to the disk',
    `{ disk: '30M' }`,
    `shell(\`head -c 50M /dev/zero >\${work}/file; sleep 600\`)`,
    /writes too much to the disk\n +limit: +30 MiB\n/,
  ],
  [
    'leaves an output of 1 TiB of holes',
    '{}',
    'truncateSync(outputs.image, 2 ** 40)',
    /image: +has 1099511627776 bytes, more than its limit \(disk: 274877906944\)\n/,
  ],
]

it.each(CASES)('a producer that %s fails with the limit', async (_, limits, code, message) => {
  const { code: exitCode, stderr } = await workspaceOf(limits, code).lbuild('image')
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(1)
})

it.each(CASES.slice(0, 5))(
  'without namespaces, a producer that %s fails, too',
  async (_, limits, code, message) => {
    const { code: exitCode, stderr } = await workspaceOf(limits, code).withoutNamespaces().lbuild('image')
    expect(stderr).toMatch(message)
    expect(exitCode).toBe(1)
  },
)

it('a limit that is no number is an invalid declaration', async () => {
  const { code, stderr } = await workspaceOf(`{ processes: 0, disk: 'much' }`, '').lbuild('image')
  expect(stderr).toMatch(/limits\.processes: +must be a whole number of at least 1\n/)
  expect(stderr).toContain('limits.disk')
  expect(code).toBe(2)
})
