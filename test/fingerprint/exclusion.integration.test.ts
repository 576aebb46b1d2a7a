// Tests what trees leave out: for producers, keys, `why PATH` and `watch`.
import { symlinkSync } from 'node:fs'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const config = (options = ''): string => `import { artifact, defineConfig, tree } from 'lbuild'
const names = artifact('names', {
  inputs: { files: tree('distro/files'${options}) },
  outputs: { names: 'names.txt' },
  async produce({ inputs, outputs }) {
    const { readdirSync, writeFileSync } = await import('node:fs')
    writeFileSync(outputs.names, readdirSync(inputs.files, { recursive: true }).sort().join(' '))
  },
})
export default defineConfig({ artifacts: [names] })
`

const workspace = (options = '', more: Readonly<Record<string, string>> = {}): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': config(options),
    '.gitignore': '*.log\n',
    'distro/.gitignore': 'files/top.o\n',
    'distro/files/.gitignore': 'build/\n',
    'distro/files/etc/motd': 'hello',
    'distro/files/etc/debug.log': '1',
    'distro/files/etc/.gitignore': '!kept.log\n',
    'distro/files/etc/kept.log': '1',
    'distro/files/etc/motd~': '1',
    'distro/files/etc/.motd.swp': '1',
    'distro/files/top.o': '1',
    'distro/files/build/result': '1',
    'distro/files/.git/config': '1',
    ...more,
  })

const seen = async (made: TestWorkspace): Promise<string> => {
  await made.succeed('names')
  return made.read('output/names.txt')
}

describe('a producer sees of a tree', () => {
  it('neither what .gitignore files ignore, nor files of editors and of git', async () => {
    expect(await seen(workspace())).toBe('.gitignore etc etc/.gitignore etc/kept.log etc/motd')
  })

  it('everything with gitignore: false', async () => {
    expect(await seen(workspace(', { gitignore: false }'))).toBe(
      '.git .git/config .gitignore build build/result etc etc/.gitignore etc/.motd.swp etc/debug.log etc/kept.log etc/motd etc/motd~ top.o',
    )
  })

  it('nothing that the declaration excludes, and what it includes again', async () => {
    const options = `, { exclude: ['.gitignore', 'etc/kept*', '!motd~'] }`
    expect(await seen(workspace(options))).toBe('etc etc/motd etc/motd~')
    expect(await seen(workspace(`, { gitignore: false, exclude: ['*.log', '/etc/.*', '.git'] }`))).toBe(
      '.gitignore build build/result etc etc/motd etc/motd~ top.o',
    )
  })

  it('everything but its own rules exclude, if a .gitignore file above ignores the tree itself', async () => {
    expect(await seen(workspace('', { '.gitignore': 'files/\n*.log\n' }))).toBe(
      '.gitignore etc etc/.gitignore etc/debug.log etc/kept.log etc/motd top.o',
    )
  })

  it('different entries for two declarations of one directory', async () => {
    const made = workspace()
    made.edit(
      'build.config.ts',
      `inputs: { files:`,
      `inputs: { all: tree('distro/files', { gitignore: false }), files:`,
    )
    made.edit(
      'build.config.ts',
      `readdirSync(inputs.files, { recursive: true })`,
      `[inputs.files, inputs.all].map((path) => readdirSync(path).length)`,
    )
    expect(await seen(made)).toBe('2 5')
    made.write('distro/files/top.o', '2')
    expect((await made.build('names')).ran).toEqual(['names'])
  })
})

describe('an entry that a tree leaves out', () => {
  it('is not in the key, whatever happens to it', async () => {
    const made = workspace()
    await seen(made)
    made.write('distro/files/etc/debug.log', 'changed')
    made.write('distro/files/etc/new.log', 'new')
    made.write('distro/files/.git/config', 'changed')
    made.remove('distro/files/build')
    execFileSync('mkfifo', [made.path('distro/files/etc/pipe.log')])
    symlinkSync('nobody@nowhere', made.path('distro/files/etc/.#motd'))
    expect((await made.lbuild('names', '--check')).code).toBe(0)
  })

  it.each([
    ['.gitignore', ''],
    ['distro/.gitignore', ''],
    ['distro/files/.gitignore', 'other/\n'],
    ['distro/files/etc/.gitignore', '!*.log\n'],
  ])('is in the key as soon as %s no longer ignores it', async (path, rules) => {
    const made = workspace()
    await seen(made)
    made.write(path, rules)
    expect((await made.build('names')).ran).toEqual(['names'])
    expect(made.read('output/names.txt')).toMatch(/debug\.log|top\.o|build\/result/)
  })

  it.each([
    ['distro/files/etc/debug.log', '*.log (.gitignore line 1)'],
    ['distro/files/top.o', 'files/top.o (distro/.gitignore line 1)'],
    ['distro/files/build/result', 'build/ (distro/files/.gitignore line 1)'],
    ['distro/files/etc/motd~', '*~ (the default)'],
  ])('is explained by why: %s', async (path, rule) => {
    const { stdout } = await workspace().lbuild('why', 'names', path)
    expect(stdout).toBe(
      `${path} does not influence names\n  names: input 'files' (tree distro/files) leaves it out: ${rule}\n`,
    )
  })

  it('is explained by why if the declaration excludes it', async () => {
    const { stdout } = await workspace(`, { exclude: ['etc/'] }`).lbuild(
      'why',
      'names',
      'distro/files/etc/motd',
    )
    expect(stdout).toContain('leaves it out: etc/ (the declaration)\n')
  })
})
