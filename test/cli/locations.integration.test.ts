// Where lbuild writes: outputs and the cache of a workspace can be anywhere else.
import { chmodSync } from 'node:fs'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
const one = artifact('one', { outputs: { o: 'a/one.img' }, produce: ({ outputs }) => writeFileSync(outputs.o, 'one') })
export default defineConfig({ artifacts: [one] })
`

it('publishes outputs below --output, names them there, and finds them again', async () => {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
  const elsewhere = new TestWorkspace({})
  const build = ['one', '--output', elsewhere.root]
  expect((await workspace.lbuild(...build)).stdout).toContain(`  ${elsewhere.root}/a/one.img\n`)
  expect(elsewhere.read('a/one.img')).toBe('one')
  expect(workspace.exists('output')).toBe(false)
  expect((await workspace.lbuild(...build)).stdout).toMatch(/^one is fresh: nothing to do/)
  elsewhere.write('a/one.img', 'changed')
  expect((await workspace.lbuild(...build)).stderr).toContain(`${elsewhere.root}/a/one.img.preserved-1`)
  expect((await workspace.lbuild('clean', '--output', elsewhere.root)).code).toBe(0)
  expect(elsewhere.exists('a/one.img')).toBe(false)
})

it('writes nothing into the workspace with --output and LBUILD_CACHE_DIR', async () => {
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
  const elsewhere = temporaryDirectory()
  workspace.env['LBUILD_CACHE_DIR'] = `${elsewhere}/cache`
  expect((await workspace.lbuild('one', '--output', `${elsewhere}/output`)).code).toBe(0)
  expect(Object.keys(workspace.state('.'))).toEqual(['build.config.ts'])
})

it.runIf(process.geteuid?.() === 0)(
  'asks for LBUILD_CACHE_DIR in a workspace that cannot be written',
  async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': CONFIG })
    chmodSync(workspace.root, 0o555)
    const { code, stderr } = await workspace.withoutOverride().lbuild('status')
    expect(stderr).toMatch(
      /^error: cannot write the cache: EACCES\n +path: .*\n +hint: set LBUILD_CACHE_DIR to /,
    )
    expect(code).toBe(2)
  },
)
