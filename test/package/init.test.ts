// `lbuild init` of an installed package: from an empty directory to a config that loads and type-checks.
import * as fs from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, inject, it } from 'vitest'
import { TEMPLATES } from '../../src/templates/templates.ts'
import { needsRegistry, Project } from './support/project.ts'

needsRegistry()

const MODULES = fileURLToPath(new URL('../../node_modules', import.meta.url))

/** A directory that was empty before `npm install -D TARBALL`. */
let installed: Project

beforeAll(async () => {
  if (inject('noRegistry') !== '') return
  installed = new Project()
  await installed.install(inject('tarball'))
})

/** The packages that a package.json installs for development. */
const devDependencies = (project: Project, path: string): Readonly<Record<string, string>> =>
  (JSON.parse(project.read(path)) as { devDependencies: Record<string, string> }).devDependencies

it('writes the minimal template beside the package.json of npm, and the target can be built', async () => {
  const manifest = installed.read('package.json')
  const stdout = await installed.done(['npx', 'lbuild', 'init', '--template', 'minimal'])
  expect(stdout).toMatch(/^created \d+ files of the template 'minimal' in \//)
  expect(stdout).toMatch(
    /^kept package\.json: for type checks, run npm install --save-dev @types\/node@\^\S+ typescript@\^\S+$/m,
  )
  expect(installed.read('package.json')).toBe(manifest)
  expect(fs.statSync(installed.path('artifacts/initramfs/files/init')).mode & 0o111).toBe(0o111)
  const dryRun = ['npx', 'lbuild', 'qcow2', '--dry-run', '--json']
  const report = JSON.parse(await installed.done(dryRun, '.', { CI: '' })) as {
    artifacts: { name: string }[]
  }
  expect(report.artifacts.map(({ name }) => name)).toEqual(['base', 'initramfs', 'qcow2'])
  expect(await installed.run(['npx', 'lbuild', 'check'])).toMatchObject({ code: 0, stderr: '' })
})

it('names in a new package.json the tarball from which lbuild was installed', async () => {
  await installed.done(['npx', 'lbuild', 'init', 'nested/distro'])
  const { lbuild = '' } = devDependencies(installed, 'nested/distro/package.json')
  expect(resolve(installed.path('nested/distro'), lbuild.replace(/^file:/, ''))).toBe(inject('tarball'))
})

it.each([...TEMPLATES.keys()])(
  'writes a config %s that type-checks with its own settings',
  async (template) => {
    const project = new Project()
    await project.installCopy()
    fs.symlinkSync(`${MODULES}/@types`, project.path('node_modules/@types'))
    for (const name of ['typescript', 'undici-types'])
      fs.symlinkSync(`${MODULES}/${name}`, project.path(`node_modules/${name}`))
    await project.done(['npx', 'lbuild', 'init', '--template', template])
    const check = ['node', `${MODULES}/typescript-native/bin/tsc`, '-p', '.']
    expect(await project.run(check)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await project.done(['npx', 'lbuild', 'check'])).toMatch(
      /^no findings .*types checked by TypeScript/,
    )
    const wrong = project.read('artifacts/qcow2/index.ts').replace("'qemu-img'", "'qemu-io'")
    project.write('artifacts/qcow2/index.ts', wrong)
    expect((await project.run(check)).stdout).toMatch(
      /^artifacts\/qcow2\/index\.ts\(\d+,\d+\): error TS2345: /,
    )
  },
)
