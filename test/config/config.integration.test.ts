// Tests that an invalid build.config.ts is reported in one message before anything is built, and what a key covers of it.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'
import { declaring, listing, OTHER } from './support/configs.ts'

const broken: readonly [string, string, readonly (string | RegExp)[]][] = [
  [
    'a syntax error',
    `import { artifact } from 'lbuild'\nexport default {\n  artifacts: [,,}\n`,
    ['build.config.ts:3:', 'cannot compile build.config.ts', 'hint: correct the line and run again'],
  ],
  [
    'a missing module',
    declaring('', `import './nowhere.ts'`),
    [/build\.config\.ts:4:\d+: Could not resolve "\.\/nowhere\.ts"/],
  ],
  [
    'a thrown error',
    declaring('', `\nthrow new Error('no such board')`),
    ['no such board', /build\.config\.ts:5:\d+/],
  ],
  [
    'an invalid default of a param',
    declaring(`params: { diskSize: size('256GG') }`),
    [`cannot read the size '256GG'`],
  ],
  ['no default export', `export const nothing = 1`, ['has no default export']],
  ['a default export of another type', `export default 5`, ['invalid declaration of build.config.ts']],
  ['an unknown member', `export default { artifacts: [], artefacts: [] }`, ['artefacts']],
  [
    'a console pattern that is no regular expression',
    `export default { artifacts: [], boot: { failures: [{ pattern: '(', headline: 'failed' }] } }`,
    ['boot.failures.0.pattern', 'Unterminated group'],
  ],
  [
    'an empty console pattern',
    `export default { artifacts: [], boot: { login: '' } }`,
    ['boot.login', 'an empty pattern matches everything'],
  ],
  ['a listed value that is no artifact', listing(`{ name: 'image' }`), ['artifacts.0', 'no artifact']],
  ['inputs of the wrong type', declaring(`inputs: { src: 'src' }`), [`the artifact 'image'`, 'inputs.src']],
  [
    'outputs of the wrong type',
    declaring(`outputs: { image: 5 }`),
    [`the artifact 'image'`, 'outputs.image'],
  ],
  ['no outputs', declaring(`outputs: {}`), ['at least one output']],
  ['no producer', declaring(`produce: undefined`), ['produce', 'not a function']],
  [
    'a param without a value',
    declaring(`params: { title: text(undefined) }`),
    [`the artifact 'image'`, 'params.title'],
  ],
  ['an output outside output/', declaring(`outputs: { image: '../image.img' }`), [`'../image.img'`]],
  ['an output at an absolute path', declaring(`outputs: { image: '/etc/image' }`), [`'/etc/image'`]],
  ['an input outside the workspace', declaring(`inputs: { src: tree('../src') }`), [`'../src'`]],
  [
    'an input in cache/',
    declaring(`inputs: { src: tree('cache/objects') }`),
    [`'cache/objects'`, 'lbuild writes'],
  ],
  ['an input in output/', declaring(`inputs: { src: file('output/other.txt') }`), [`'output/other.txt'`]],
  [
    'an input from an artifact that is not listed',
    declaring(`inputs: { o: { kind: 'output', artifact: 'othr', output: 'o' } }`),
    [`input 'o' of 'image': the artifact 'othr' is not declared`, `did you mean 'other'?`],
  ],
  [
    'an input from an output that is not declared',
    declaring(`inputs: { o: other.output('p') }`),
    [`an output 'p' of 'other'`, 'hint: choose one of: o'],
  ],
  [
    'a dependency cycle',
    declaring(`inputs: { o: { kind: 'output', artifact: 'image', output: 'image' } }`),
    ['image → image'],
  ],
  ['two artifacts with one name', listing(`${OTHER}, ${OTHER}`), [`two artifacts have the name 'other'`]],
  [
    'two outputs with one path',
    declaring(`outputs: { image: 'other.txt' }`),
    ['two outputs overlap in output/', 'other.txt'],
  ],
  [
    'an output below another output',
    declaring(`outputs: { image: 'other.txt/below' }`),
    ['two outputs overlap in output/'],
  ],
  [
    'the name of a command as the name of an artifact',
    listing(`artifact('why', { outputs: { o: 'o' }, produce() {} })`),
    [`'why'`, 'command of lbuild'],
  ],
  ['a path as a name', listing(`artifact('../x', { outputs: { o: 'o' }, produce() {} })`), [`'../x'`]],
  [
    'a value for a param that nothing declares',
    declaring('', `\nexport const x = 1`).replace(
      'artifacts: [image, other]',
      `artifacts: [image, other], params: { titel: 'x' }`,
    ),
    [`unknown param 'titel'`, 'build.config.ts'],
  ],
]

describe('an invalid build.config.ts is reported with exit code 2:', () => {
  it.each(broken)('%s', async (_, config, expected) => {
    const workspace = new TestWorkspace({ 'build.config.ts': config, 'src/file': '' })
    const { code, stdout, stderr } = await workspace.lbuild('other')
    for (const text of expected)
      expect(stderr).toMatch(text instanceof RegExp ? text : new RegExp(escape(text)))
    expect(stderr).toMatch(/^error: /)
    expect(stderr).not.toContain('report this bug')
    expect(stdout).toBe('')
    expect(code).toBe(2)
    expect(workspace.exists('output')).toBe(false)
    expect(workspace.exists('cache/records')).toBe(false)
  })

  it('a syntax error in a module, under the name of the module', async () => {
    const workspace = new TestWorkspace({
      'build.config.ts': declaring('', `import './parts/boot.ts'`),
      'parts/boot.ts': 'export const boot = (\n',
    })
    const { stderr } = await workspace.lbuild('status')
    expect(stderr).toContain('error: cannot compile parts/boot.ts\n')
  })

  it('again after each edit, until it is correct', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': declaring('') })
    expect((await workspace.lbuild('status')).code).toBe(0)
    workspace.edit('build.config.ts', 'defineConfig(', 'defineConfig((')
    expect((await workspace.lbuild('status')).code).toBe(2)
    workspace.edit('build.config.ts', 'defineConfig((', 'defineConfig(')
    expect((await workspace.lbuild('status')).code).toBe(0)
  })
})

describe('a key covers the code of the producer', () => {
  it.each(['an ordinary path', 'a path (with brackets), blanks % and é'])('in %s', async (name) => {
    const files = { 'build.config.ts': declaring(''), 'unused.ts': '' }
    const workspace = new TestWorkspace(files, `${new TestWorkspace({}).root}/${name}`)
    const document = async (): Promise<string> => (await workspace.lbuild('status', '--json')).stdout
    const before = await document()
    workspace.edit('build.config.ts', 'produce() {}', 'produce() { return }')
    const after = await document()
    const keys = (text: string): unknown[] =>
      (JSON.parse(text) as { artifacts: { key: string }[] }).artifacts.map(({ key }) => key)
    expect(keys(after)[0]).not.toBe(keys(before)[0])
  })

  it('and only the modules that the producer can reach', async () => {
    const module = (name: string): string =>
      `import { artifact } from 'lbuild'\nexport const ${name} = artifact('${name}', { outputs: { o: '${name}' }, produce() {} })\n`
    const root = `${new TestWorkspace({}).root}/a path (with brackets) and é`
    const config = `import { defineConfig } from 'lbuild'\nimport { a } from './a.ts'\nimport { b } from './b.ts'\nexport default defineConfig({ artifacts: [a, b] })\n`
    const workspace = new TestWorkspace(
      { 'build.config.ts': config, 'a.ts': module('a'), 'b.ts': module('b') },
      root,
    )
    const { stdout } = await workspace.lbuild('graph', '--format', 'json')
    const { artifacts } = JSON.parse(stdout) as { artifacts: { modules: string[] }[] }
    expect(artifacts.map(({ modules }) => modules)).toEqual([['a.ts'], ['b.ts']])
  })
})

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

it.each([
  ['truncated', (bytes: Buffer) => bytes.subarray(0, bytes.length >> 1)],
  ['changed by a byte', (bytes: Buffer) => Buffer.from(bytes.toString().replace('was run', 'was rum'))],
])('compiles the config again if its compiled code was %s', async (_, damage) => {
  const workspace = new TestWorkspace({ 'build.config.ts': listing(OTHER) })
  const before = await workspace.lbuild('other')
  expect(before.stderr).toContain('was run')
  const [bundle] = readdirSync(workspace.path('cache/config')).filter((name) => name.endsWith('.mjs'))
  workspace.write(`cache/config/${bundle}`, damage(workspace.bytes(`cache/config/${bundle}`)))
  expect((await workspace.lbuild('other')).stderr).toContain('was run')
})
