// Labels of modules: they are part of keys, so they are the same wherever packages lie, and no two modules share one.
import { symlinkSync } from 'node:fs'
import { posix } from 'node:path'
import { expect, it } from 'vitest'
import { ModuleLabels } from '../../src/config/moduleLabels.ts'
import { LBUILD_VERSION } from '../../src/platform/lbuildVersion.ts'
import { TestWorkspace } from '../support/workspace.ts'

const packageJson = (name: string, version: string): string =>
  JSON.stringify({ name, version, main: 'index.js' })

/** A package with a module that exports its version. */
const library = (directory: string, name: string, version: string): Record<string, string> => ({
  [`${directory}/package.json`]: packageJson(name, version),
  [`${directory}/index.js`]: `export const version = '${version}'\n`,
})

/** A config with an artifact that uses what some lines import. */
const importing = (imports: string): string => `import { artifact, defineConfig } from 'lbuild'
${imports}
const one = artifact('one', { outputs: { o: 'one' }, produce() { console.log(used) } })
export default defineConfig({ artifacts: [one] })
`

async function modulesOf(workspace: TestWorkspace): Promise<readonly string[]> {
  const { stdout, stderr } = await workspace.lbuild('graph', '--format', 'json')
  if (stdout === '') throw new Error(stderr)
  const { artifacts } = JSON.parse(stdout) as { artifacts: { modules: string[] }[] }
  return artifacts.flatMap(({ modules }) => modules)
}

it.each([
  ['hoisted', 'lib', 'node_modules/lib', 'index.js', 'npm/lib@1.2.0/index.js'],
  ['nested', 'lib', 'node_modules/other/node_modules/lib', 'index.js', 'npm/lib@1.2.0/index.js'],
  [
    "in pnpm's store",
    'lib',
    'node_modules/.pnpm/lib@1.2.0_x@3/node_modules/lib',
    'a/b.js',
    'npm/lib@1.2.0/a/b.js',
  ],
  ['above the workspace', 'lib', '../node_modules/lib', 'index.js', 'npm/lib@1.2.0/index.js'],
  ['in a scope', '@scope/lib', 'node_modules/@scope/lib', 'index.js', 'npm/@scope/lib@1.2.0/index.js'],
  ['as lbuild, installed', 'lbuild', 'node_modules/lbuild', 'dist/images/gpt.js', 'lbuild/images/gpt.js'],
  ['as lbuild, a member', 'lbuild', '../packages/lbuild', 'src/images/gpt.ts', 'lbuild/images/gpt.ts'],
])('a module of a package that lies %s has the same label', (_, name, directory, module, label) => {
  const monorepo = new TestWorkspace({})
  const place = posix.join('distro', directory)
  monorepo.write(`${place}/package.json`, packageJson(name, '1.2.0'))
  expect(new ModuleLabels(monorepo.path('distro')).labelOf(monorepo.path(`${place}/${module}`))).toBe(label)
})

it('two versions of a package, and two copies of one version, have different labels', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': importing(
      "import { version as a } from 'lib'\nimport { version as b } from 'uses'\nimport { version as c } from 'copy'\nconst used = [a, b, c]",
    ),
    ...library('node_modules/lib', 'lib', '1.0.0'),
    ...library('node_modules/uses/node_modules/lib', 'lib', '2.0.0'),
    ...library('node_modules/uses', 'uses', '1.0.0'),
    'node_modules/uses/index.js': "export { version } from 'lib'\n",
    ...library('node_modules/copy/node_modules/lib', 'lib', '1.0.0'),
    ...library('node_modules/copy', 'copy', '1.0.0'),
    'node_modules/copy/index.js': "export { version } from 'lib'\n",
  })
  expect(await modulesOf(workspace)).toEqual([
    'build.config.ts',
    'npm/copy@1.0.0/index.js',
    'npm/lib@1.0.0/index.js',
    'npm/lib@1.0.0/index.js~2',
    'npm/lib@2.0.0/index.js',
    'npm/uses@1.0.0/index.js',
  ])
})

it('members of a monorepo are named from the workspace, packages above it by their names', async () => {
  const monorepo = new TestWorkspace({
    ...library('node_modules/lib', 'lib', '1.0.0'),
    ...library('packages/shared', 'shared', '0.0.0'),
    'packages/shared/index.js': "export { version } from 'lib'\n",
    'distro/build.config.ts': importing("import { version as used } from 'shared'"),
  })
  symlinkSync('../packages/shared', monorepo.path('node_modules/shared'))
  expect(await modulesOf(new TestWorkspace({}, monorepo.path('distro')))).toEqual([
    'build.config.ts',
    'npm/lib@1.0.0/index.js',
    'outside/../packages/shared/index.js',
  ])
})

it("a distro's own folders with the names of prefixes stay its own, and their code is in keys", async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': importing("import { used } from './lbuild/api/used.ts'"),
    'lbuild/api/used.ts': "export const used = 'one'\n",
  })
  expect(await modulesOf(workspace)).toEqual(['./lbuild/api/used.ts', 'build.config.ts'])
  const key = async (): Promise<unknown> =>
    JSON.parse((await workspace.lbuild('status', '--json')).stdout).artifacts[0].key
  const before = await key()
  workspace.edit('lbuild/api/used.ts', 'one', 'two')
  expect(await key()).not.toBe(before)
})

it('a new version of an imported package is read, even if its modules are the same', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': importing("import { version as used } from 'lib'"),
    ...library('node_modules/lib', 'lib', '1.0.0'),
  })
  expect(await modulesOf(workspace)).toContain('npm/lib@1.0.0/index.js')
  workspace.write('node_modules/lib/package.json', packageJson('lib', '1.0.1'))
  expect(await modulesOf(workspace)).toContain('npm/lib@1.0.1/index.js')
})

it('another version of lbuild than the one that runs is reported', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': importing('const used = 1'),
    ...library('node_modules/lbuild', 'lbuild', '9.0.1'),
    'node_modules/lbuild/index.js': 'export const artifact = 1, defineConfig = 2\n',
  })
  const { code, stderr } = await workspace.lbuild('status')
  expect(code).toBe(2)
  expect(stderr).toMatch(
    /^error: build\.config\.ts imports another version of lbuild than the one that runs\n +imported: 9\.0\.1, .*\n +running: +\d+\.\d+\.\d+, /,
  )
})

it('a path that the lbuild of the workspace does not export is not taken from the lbuild that runs', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': importing("import 'lbuild/images/gpt'\nconst used = 1"),
    'node_modules/lbuild/package.json': JSON.stringify({
      name: 'lbuild',
      version: '0.1.0',
      exports: { '.': './index.js' },
    }),
    'node_modules/lbuild/index.js': 'export const artifact = 1, defineConfig = 2\n',
  })
  const { code, stderr } = await workspace.lbuild('status')
  expect(code).toBe(2)
  expect(stderr).toContain('Could not resolve "lbuild/images/gpt"')
})

it('a checkout builds a distro that has the package installed with the compiled library of that package', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': importing('const used = 1'),
    'node_modules/lbuild/package.json': JSON.stringify({
      name: 'lbuild',
      version: LBUILD_VERSION,
      exports: { '.': { 'lbuild:source': './src/api/index.ts', default: './dist/api/index.js' } },
    }),
    'node_modules/lbuild/dist/api/index.js': `export * from '${new URL('../../src/api/index.ts', import.meta.url).pathname}'\n`,
  })
  const { code, stderr } = await workspace.lbuild('status')
  expect([code, stderr]).toEqual([0, ''])
})
