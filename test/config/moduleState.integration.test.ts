// Tests that what one module of a config changes in another, or in a global, is part of the keys of those that see it.
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = (code: string): string => `import { defineConfig } from 'lbuild'
import { note } from './note.ts'
import { other } from './other.ts'
${code}
export default defineConfig({ artifacts: [note, other] })
`

/** An artifact whose producer writes the value of an expression. */
const artifact = (
  name: string,
  code: string,
  value: string,
): string => `import { writeFileSync } from 'node:fs'
import { artifact } from 'lbuild'
${code}
export const ${name} = artifact('${name}', {
  outputs: { ${name}: '${name}.txt' },
  produce: ({ outputs }) => writeFileSync(outputs.${name}, String(${value})),
})
`

/** A distro of two artifacts; the producer of `note` writes a value that a module outside of its imports may set. */
const workspaceWith = (code: string, imports: string, value: string, shared: string): TestWorkspace =>
  new TestWorkspace({
    'build.config.ts': CONFIG(code),
    'note.ts': artifact('note', imports, value),
    'other.ts': artifact('other', '', "'other'"),
    'shared.ts': shared,
    'settings.json': '{ "level": "none" }',
    'common.cjs': 'module.exports = { level: "none" }',
    'node_modules/settings/package.json': '{ "type": "module" }',
    'node_modules/settings/index.js': 'export const settings = { level: "none" }',
  })

const FROM_SHARED = `import * as shared from './shared.ts'`

it.each<[string, string, string, string, string]>([
  [
    'a property of a shared object',
    `import { options } from './shared.ts'; options.deep.list.push('FIRST')`,
    FROM_SHARED,
    'shared.options.deep.list',
    `export const options = { deep: { list: [] as string[] } }`,
  ],
  [
    'a private variable with a function',
    `import { setLevel } from './shared.ts'; setLevel('FIRST')`,
    FROM_SHARED,
    'shared.level()',
    `let current = 'none'\nexport const level = () => current\nexport function setLevel(value: string) { current = value }`,
  ],
  [
    'a private map with a function',
    `import { add } from './shared.ts'; add('key', 'FIRST')`,
    FROM_SHARED,
    `shared.find('key')`,
    `const known = new Map<string, string>()\nexport const add = (key: string, value: string) => known.set(key, value)\nexport const find = (key: string) => known.get(key)`,
  ],
  [
    'the default export of a shared module',
    `import settings from './shared.ts'; settings.value = 'FIRST'`,
    `import settings from './shared.ts'`,
    'settings.value',
    `export default { value: 'none' }`,
  ],
  [
    'a static property of a class',
    `import { Disk } from './shared.ts'; Disk.label = 'FIRST'`,
    `import { Disk } from './shared.ts'`,
    'Disk.label',
    `export class Disk { static label = 'none' }`,
  ],
  [
    'a global variable',
    `Object.assign(globalThis, { release: 'FIRST' })`,
    '',
    `Reflect.get(globalThis, 'release')`,
    '',
  ],
  [
    'a method of all arrays',
    `Object.defineProperty(Array.prototype, 'name', { value: 'FIRST', configurable: true })`,
    '',
    `Reflect.get([], 'name')`,
    '',
  ],
  ['a built-in function', `Math.trunc = () => 'FIRST' as never`, '', 'Math.trunc(1)', ''],
  [
    'a private variable that is declared after another one',
    `import { setLevel } from './shared.ts'; setLevel('FIRST')`,
    FROM_SHARED,
    'shared.level()',
    `const step = 1; let one = step,\n  current = 'none'\nexport const level = () => current.slice(one - step)\nexport function setLevel(value: string) { current = value }`,
  ],
  [
    'a private variable that is taken out of an object',
    `import { setLevel } from './shared.ts'; setLevel('FIRST')`,
    FROM_SHARED,
    'shared.level()',
    `let { current, other: [deep] } = { current: 'none', other: [''] }\nexport const level = () => current + deep\nexport function setLevel(value: string) { current = value }`,
  ],
  [
    'a property of a private function',
    `import { setLevel } from './shared.ts'; setLevel('FIRST')`,
    FROM_SHARED,
    'shared.level()',
    `function current() {}\ncurrent.value = 'none'\nexport const level = () => current.value\nexport function setLevel(value: string) { current.value = value }`,
  ],
  [
    'the bytes of a buffer',
    `import { bytes } from './shared.ts'; new DataView(bytes).setUint8(0, 'FIRST' === 'FIRST' as string ? 70 : 83)`,
    FROM_SHARED,
    `new Uint8Array(shared.bytes)[0] === 70 ? 'FIRST' : 'SECOND'`,
    `export const bytes = new ArrayBuffer(1)`,
  ],
  [
    'a JSON document',
    `import './settings.json'; import settings from './settings.json' with { type: 'json' }; Object.assign(settings, { level: 'FIRST' })`,
    `import settings from './settings.json' with { type: 'json' }`,
    'settings.level',
    '',
  ],
  [
    'a value of an installed package',
    `import { settings } from 'settings'; settings.level = 'FIRST'`,
    `import { settings } from 'settings'`,
    'settings.level',
    '',
  ],
  [
    'the exports of a CommonJS module',
    `import common from './common.cjs'; common.level = 'FIRST'`,
    `import common from './common.cjs'`,
    'common.level',
    '',
  ],
  [
    'a module of Node.js',
    `import path from 'node:path'; path.basename = () => 'FIRST'`,
    `import path from 'node:path'`,
    `path.basename('/')`,
    '',
  ],
  [
    'how Node.js shows values',
    `import util from 'node:util'; util.inspect.defaultOptions.maxStringLength = 'FIRST' === 'FIRST' as string ? 0 : 1`,
    `import util from 'node:util'`,
    `util.inspect('x').startsWith("''") ? 'FIRST' : 'SECOND'`,
    '',
  ],
  [
    'a listener of the process',
    `process.on('release', (seen) => (seen.value = 'FIRST'))`,
    '',
    `(() => { const seen = { value: '' }; Reflect.apply(process.emit, process, ['release', seen]); return seen.value })()`,
    '',
  ],
  [
    'a property of Buffer',
    `Object.assign(Buffer, { release: 'FIRST' })`,
    '',
    `Reflect.get(Buffer, 'release')`,
    '',
  ],
  [
    'a method of all iterators',
    `Object.assign(Object.getPrototypeOf([].values()), { release: 'FIRST' })`,
    '',
    `Reflect.get([].values(), 'release')`,
    '',
  ],
  ['a class of the web', `globalThis.Blob = class { text = 'FIRST' } as never`, '', `new Blob([]).text`, ''],
  ['an environment variable', `process.env['RELEASE'] = 'FIRST'`, '', `process.env['RELEASE']`, ''],
])(
  'a build is not stale when the config changes %s that a producer reads',
  async (_, code, imports, value, shared) => {
    const workspace = workspaceWith(code, imports, value, shared)
    await workspace.build('note')
    expect(workspace.read('output/note.txt')).toBe('FIRST')
    workspace.edit('build.config.ts', 'FIRST', 'SECOND')
    expect((await workspace.build('note')).ran).toEqual(['note'])
    expect(workspace.read('output/note.txt')).toBe('SECOND')
  },
)

it('a build is not stale when the order of imports changes the values that modules take', async () => {
  const counter = `let count = 0\nexport const next = () => (count += 1)\n`
  const workspace = workspaceWith(
    '',
    `import { next } from './shared.ts'\nconst mine = next()`,
    'mine',
    counter,
  )
  workspace.write(
    'other.ts',
    artifact('other', `import { next } from './shared.ts'\nconst mine = next()`, 'mine'),
  )
  await workspace.build('note', 'other')
  expect(['note', 'other'].map((name) => workspace.read(`output/${name}.txt`))).toEqual(['1', '2'])
  const imports = [`import { note } from './note.ts'`, `import { other } from './other.ts'`]
  workspace.edit('build.config.ts', imports.join('\n'), imports.toReversed().join('\n'))
  await workspace.build('note', 'other')
  expect(['note', 'other'].map((name) => workspace.read(`output/${name}.txt`))).toEqual(['2', '1'])
})

it('a change of values among the modules of one producer does not make the others part of its key', async () => {
  const workspace = workspaceWith(
    '',
    `import './setup.ts'\n${FROM_SHARED}`,
    'shared.list',
    'export const list: string[] = []\n',
  )
  workspace.write('setup.ts', `import { list } from './shared.ts'\nlist.push('one')\n`)
  await workspace.build('note', 'other')
  expect(workspace.read('output/note.txt')).toBe('one')
  workspace.write('build.config.ts', `${workspace.read('build.config.ts')}// edited\n`)
  workspace.write('other.ts', artifact('other', '', "'changed'"))
  expect((await workspace.build('note', 'other')).ran).toEqual(['other'])
})

it('a JSON file may be imported with attributes and without', async () => {
  const workspace = workspaceWith(
    `import './settings.json' with { type: 'json' }`,
    `import { level } from './settings.json'\nimport text from './settings.json' with { type: 'text' }`,
    'level + text.length',
    '',
  )
  await workspace.build('note')
  expect(workspace.read('output/note.txt')).toBe('none19')
})

it('a script of a package that takes its global object from this is evaluated as without lbuild', async () => {
  const workspace = workspaceWith('', `import umd from 'umd'`, 'umd.kind', '')
  workspace.write(
    'node_modules/umd/index.js',
    `(function (root, make) { typeof exports === 'object' ? (module.exports = make(root)) : (root.umd = make(root)) })(this, (root) => ({ kind: typeof root }))`,
  )
  await workspace.build('note')
  expect(workspace.read('output/note.txt')).toBe('object')
})
