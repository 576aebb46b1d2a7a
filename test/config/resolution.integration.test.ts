// Tests that a build notices every change after which an import means something else.
import * as fs from 'node:fs'
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

/** A distro whose only artifact writes a value that it imports. */
const workspaceWith = (name: string, files: Readonly<Record<string, string>>, more = ''): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
import { value } from '${name}'
${more}
console.log('evaluated')
const note = artifact('note', { outputs: { note: 'note.txt' }, produce: ({ outputs }) => writeFileSync(outputs.note, String(value)) })
export default defineConfig({ artifacts: [note] })
`,
    ...files,
  })

const exporting = (value: string): string => `export const value = '${value}'\n`
const link = (workspace: TestWorkspace, target: string, path: string): void => {
  fs.rmSync(workspace.path(path), { force: true })
  fs.symlinkSync(target, workspace.path(path))
}
const manifest = (value: object): string => JSON.stringify(value)
const PACKAGE = 'node_modules/words/package.json'

it.each<[string, () => TestWorkspace, (workspace: TestWorkspace) => void]>([
  [
    'a link on the way to a linked module leads elsewhere',
    () => {
      const made = workspaceWith('./parts/now.mjs', {
        'old/x.mjs': exporting('before'),
        'new/x.mjs': exporting('after'),
        'parts/readme': '',
      })
      link(made, 'old', 'current')
      link(made, '../current/x.mjs', 'parts/now.mjs')
      return made
    },
    (made) => link(made, 'new', 'current'),
  ],
  [
    'a package has another main module',
    () =>
      workspaceWith('words', {
        [PACKAGE]: manifest({ main: './first' }),
        'node_modules/words/first.js': exporting('before'),
        'node_modules/words/second.js': exporting('after'),
      }),
    (made) => made.write(PACKAGE, manifest({ main: 'second.js' })),
  ],
  [
    'a package exports another module',
    () =>
      workspaceWith('words/list', {
        [PACKAGE]: manifest({ exports: { './*': { node: './a-*.js' } } }),
        'node_modules/words/a-list.js': exporting('before'),
        'node_modules/words/b-list.js': exporting('after'),
      }),
    (made) => made.write(PACKAGE, manifest({ exports: { './*': { node: './b-*.js' } } })),
  ],
  [
    'a nearer package is installed',
    () =>
      workspaceWith('./deep/module', {
        [PACKAGE]: '{}',
        'node_modules/words/index.js': exporting('before'),
        'deep/module.js': `export * from 'words'\n`,
      }),
    (made) => made.write('deep/node_modules/words/index.js', exporting('after')),
  ],
  [
    'a TypeScript module appears beside a JavaScript module',
    () => workspaceWith('./value', { 'value.js': exporting('before') }),
    (made) => made.write('value.ts', exporting('after')),
  ],
  [
    'the file that an import names appears beside the one that stood in for it',
    () => workspaceWith('./value.js', { 'value.ts': exporting('before') }),
    (made) => made.write('value.js', exporting('after')),
  ],
  [
    'a directory that was imported becomes a file',
    () =>
      workspaceWith('./value', {
        'value/package.json': manifest({ main: 'x.js' }),
        'value/x.js': exporting('before'),
      }),
    (made) => made.write('value.json', '{ "value": "after" }'),
  ],
  [
    'two internal names are swapped',
    () =>
      workspaceWith(
        '#one',
        {
          'package.json': manifest({ imports: { '#one': './a.ts', '#two': './b.ts' } }),
          'a.ts': exporting('before'),
          'b.ts': exporting('after'),
        },
        `import * as other from '#two'; globalThis.constructor.name === other.value`,
      ),
    (made) => made.write('package.json', manifest({ imports: { '#one': './b.ts', '#two': './a.ts' } })),
  ],
  [
    'the type of the package decides what a default import is',
    () =>
      workspaceWith('./value.ts', {
        'value.ts': `import made from './made.cjs'\nexport const value = typeof made === 'string' ? made : 'after'\n`,
        'made.cjs': `exports.__esModule = true; exports.default = 'before'\n`,
      }),
    (made) => made.write('package.json', manifest({ type: 'module' })),
  ],
])('a build is not stale when %s', async (_, make, change) => {
  const workspace = make()
  expect((await workspace.build('note')).stderr).toContain('evaluated')
  expect(workspace.read('output/note.txt')).toBe('before')
  expect((await workspace.build('note')).stderr).not.toContain('evaluated')
  change(workspace)
  expect((await workspace.build('note')).ran).toEqual(['note'])
  expect(workspace.read('output/note.txt')).toBe('after')
  expect((await workspace.build('note')).stderr).not.toContain('evaluated')
})

it('evaluates the config once after a change beside a module that leaves every import as it was', async () => {
  const workspace = workspaceWith('./value', { 'value.js': exporting('same') })
  await workspace.build('note')
  workspace.write('notes.md', 'a file that no import reads')
  expect((await workspace.build('note')).stderr).not.toContain('evaluated')
  workspace.write('package.json', '{}')
  const { stderr, ran } = await workspace.build('note')
  expect(stderr).toContain('evaluated')
  expect(ran).toEqual([])
})

it('names the way to write an import that tsconfig.json would map', async () => {
  const workspace = workspaceWith('@own/value', {
    'tsconfig.json': manifest({ compilerOptions: { paths: { '@own/*': ['./*'] } } }),
    'value.ts': exporting('value'),
  })
  const { stderr, code } = await workspace.lbuild('note')
  expect(stderr).toContain('Could not resolve "@own/value"')
  expect(stderr).toContain(
    `hint: install the package, or import the file by its path or by a name in "imports" of package.json; lbuild reads no tsconfig.json`,
  )
  expect(code).toBe(2)
})
