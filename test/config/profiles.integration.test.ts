// Profiles are sets of param values: keys hold the values, whatever profile they come from.
import { expect, it } from 'vitest'
import { builtWatched, Watching } from '../support/watching.ts'

const fresh = builtWatched()
const PROFILES = "profiles: { dev: { title: 'dev' }, other: { 'image.title': 'other' } }, artifacts:"

it('selects dev for watch, none for a build, and any other by its name', async () => {
  const workspace = fresh()
  workspace.edit('build.config.ts', 'artifacts:', PROFILES)
  const title = (): string =>
    /"title":"(\w+)"/.exec(workspace.bytes('output/tiny.img').toString('latin1'))![1]!
  const watching = await Watching.of(workspace)
  expect(title()).toBe('dev')
  // Artifacts with the same values in both profiles are built once.
  expect(watching.events.find(({ type }) => type === 'built')).toMatchObject({ ran: ['image'] })
  expect((await workspace.build('image')).restored).toEqual(['image'])
  expect(title()).toBe('tiny')
  expect((await workspace.build('image', '--profile', 'other')).ran).toEqual(['image'])
  expect(title()).toBe('other')
  expect((await workspace.build('image', '--profile', 'dev')).restored).toEqual(['image'])
  expect((await workspace.build('image', '--profile', 'dev', '--title', 'said')).ran).toEqual(['image'])
  expect(title()).toBe('said')
})

it('warns once which outputs a profile replaces, also under watch', async () => {
  const workspace = fresh()
  workspace.edit('build.config.ts', 'artifacts:', PROFILES)
  const warning = "the profile 'dev' replaces output/tiny.img\n"
  const dev = async (...args: readonly string[]): Promise<string> =>
    (await workspace.lbuild('image', '--profile', 'dev', ...args)).stderr
  expect(await dev('--output', 'elsewhere')).not.toContain('replaces')
  await workspace.succeed('image')
  expect(await dev()).toContain(warning)
  workspace.write('src/hello', 'other')
  expect(await dev()).not.toContain('replaces')
  expect((await workspace.lbuild('image', '--title', 'said')).stderr).not.toContain('replaces')
  await workspace.succeed('image')
  const watching = await Watching.of(workspace)
  expect(JSON.stringify(watching.events)).toContain("the profile 'dev' replaces output/tiny.img")
})

it('reports a wrong profile even if no command selects it', async () => {
  const workspace = fresh()
  workspace.edit('build.config.ts', 'artifacts:', 'profiles: { dev: { titel: 1 } }, artifacts:')
  const { code, stderr } = await workspace.lbuild('status')
  expect(code).toBe(2)
  expect(stderr).toContain("unknown param 'titel'")
  expect(stderr).toContain("the profile 'dev' of build.config.ts")
})
