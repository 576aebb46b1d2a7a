// Tests that --locked, the default where CI is set, forbids every command to resolve lockfiles.
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { artifact, defineConfig, file, lockfile, text } from 'lbuild'
const packages = lockfile('packages', {
  path: 'lists/packages.lock', inputs: { list: file('lists/packages.list') }, params: { suite: text('stable') }, tools: [],
  resolve: async () => [], mirrors: () => [],
})
const image = artifact('image', { inputs: { packages: packages.downloads() }, outputs: { image: 'image.qcow2' },
  async produce({ outputs }) { (await import('node:fs')).writeFileSync(outputs.image, '') } })
const alone = artifact('alone', { outputs: { o: 'alone' },
  async produce({ outputs }) { (await import('node:fs')).writeFileSync(outputs.o, '') } })
export default defineConfig({ artifacts: [packages, image, alone] })
`

const workspace = (): TestWorkspace =>
  new TestWorkspace({ 'build.config.ts': CONFIG, 'lists/packages.list': 'bash\n' })

const LOCK = 'lists/packages.lock'

describe('with --locked a missing lockfile', () => {
  it.each([
    ['build', 'image'],
    ['build', 'image', '--dry-run'],
    ['boot', 'image'],
    ['run', 'image'],
    ['verify', '--rebuild', 'image'],
  ])('is an error of %s %s %s', async (...args) => {
    const made = workspace()
    const { code, stderr } = await made.lbuild(...args, '--locked')
    expect(stderr).toContain(`error: the lockfile '${LOCK}' is missing\n`)
    expect(stderr).toContain(`hint: run 'lbuild update packages', and commit the lockfile\n`)
    expect([code, made.exists(LOCK), made.exists('output')]).toEqual([2, false, false])
  })

  it('is an error that watch reports', async () => {
    const made = workspace()
    const { child, ended } = made.start('watch', 'image', '--locked')
    child.stderr!.on('data', (text: Buffer) => {
      if (text.toString().includes('lbuild update packages')) child.kill('SIGTERM')
    })
    expect((await ended).stderr).toContain(`the lockfile '${LOCK}' is missing`)
    expect(made.exists(LOCK)).toBe(false)
  })

  it('is no error for an artifact that does not use it', async () => {
    expect((await workspace().build('alone', '--locked')).ran).toEqual(['alone'])
  })

  it('is written by update, also where CI is set', async () => {
    const made = workspace()
    made.env['CI'] = 'true'
    await made.succeed('update', 'packages')
    expect((await made.build('image', '--locked')).ran).toEqual(['image'])
  })
})

describe('with --locked an outdated lockfile', () => {
  it('is an error that says what changed since the last build', async () => {
    const made = workspace()
    await made.succeed('image')
    const before = made.read(LOCK)
    made.write('lists/packages.list', 'bash\nvim\n')
    const { code, stderr } = await made.lbuild('image', '--locked', '--set', 'suite=next')
    expect(stderr).toContain(`error: the lockfile '${LOCK}' is outdated\n`)
    expect(stderr).toContain('outdated: lists/packages.list changed, param suite: "stable" → "next"\n')
    expect([code, made.read(LOCK)]).toEqual([2, before])
  })

  it('is an error that names its inputs and params where nothing was built', async () => {
    const made = workspace()
    await made.succeed('update')
    made.write('lists/packages.list', 'bash\nvim\n')
    const { stderr } = await made.lbuild('image', '--locked')
    expect(stderr).toContain('outdated: one of these changed: lists/packages.list, the param suite\n')
  })
})

describe('where CI is set', () => {
  it.each(['true', '1'])('to %s, --locked is the default, and the error says so', async (value) => {
    const made = workspace()
    made.env['CI'] = value
    const { code, stderr } = await made.lbuild('image')
    expect(stderr).toMatch(
      /--locked: +the default, because the variable CI is set; --no-locked resolves lockfiles\n/,
    )
    expect([code, made.exists(LOCK)]).toEqual([2, false])
    expect((await made.build('image', '--no-locked')).ran).toEqual(['image'])
    expect((await made.build('image')).ran).toEqual([])
  })

  it.each(['', '0', 'false'])("to '%s', lockfiles are resolved", async (value) => {
    const made = workspace()
    made.env['CI'] = value
    expect((await made.build('image')).ran).toEqual(['image'])
  })
})
