// Reports whatever is wrong with build.config.ts or with a call, in one message, before anything is built.
import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const OTHER = `artifact('other', { outputs: { o: 'other.txt' }, produce() { throw new Error('was run') } })`

const LOCK = `lockfile('debs', { path: 'debs.lock', inputs: {}, tools: [], resolve: () => [], mirrors: () => [] })`

/** A config with an artifact `image` that has these properties, beside a valid one. */
const declaring = (
  properties: string,
  more = '',
): string => `import { artifact, defineConfig, file, tree, text, size } from 'lbuild'
const other = ${OTHER}
const image = artifact('image', { outputs: { image: 'image.img' }, produce() {}, ${properties} })
${more}
export default defineConfig({ artifacts: [image, other] })
`

const listing = (artifacts: string): string => `import { artifact, defineConfig } from 'lbuild'
export default defineConfig({ artifacts: [${artifacts}] })
`

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

describe('a wrong build.config.ts is reported with exit code 2:', () => {
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

describe('a command line', () => {
  const config = declaring(
    `params: { diskSize: size('1G', 'the size of the disk', '512M') }, inputs: { debs: debs.downloads() }`,
    '',
  )
    .replace('import { artifact', 'import { artifact, lockfile')
    .replace('const other', `const debs = ${LOCK}\nconst other`)
    .replace('[image, other]', '[image, other, debs]')
  const calls: readonly [readonly string[], readonly string[]][] = [
    [[], ['no target given', 'choose one of: image, other']],
    [['imgae'], [`unknown target 'imgae'`, `did you mean 'image'?`]],
    [
      ['image', 'documentation'],
      [`unknown target 'documentation'`, 'choose one of: image, other'],
    ],
    [
      ['image', '--disksize', '1'],
      [`unknown option '--disksize'`, `did you mean '--disk-size'?`],
    ],
    [
      ['image', '--forse'],
      [`unknown option '--forse'`, `did you mean '--force'?`],
    ],
    [
      ['image', '--jsno', '--quiet'],
      [`unknown option '--jsno'`, `did you mean '--json'?`],
    ],
    [
      ['image', '--window'],
      [`unknown option '--window'`, 'option of: lbuild watch, lbuild run', 'see lbuild build --help'],
    ],
    [
      ['why', 'image', '--dif'],
      [`unknown option '--dif'`, `did you mean '--diff'?`],
    ],
    [
      ['why', 'image', '--jobs', '2'],
      [
        `unknown option '--jobs'`,
        'option of: lbuild build, lbuild watch, lbuild verify',
        'see lbuild why --help',
      ],
    ],
    [
      ['status', '--unheard-of'],
      [`unknown option '--unheard-of'`, 'params: --disk-size', 'see lbuild status --help'],
    ],
    [
      ['history', '--jsn'],
      [`unknown option '--jsn'`, `did you mean '--json'?`],
    ],
    [
      ['-C', '.', 'history', '--unheard-of'],
      [`unknown option '--unheard-of'`, 'see lbuild history --help'],
    ],
    [
      ['why', '--last', '--force'],
      ['--last', 'cannot be used with', '--force'],
    ],
    [
      ['why', '--last', '--build', '2026'],
      ['--last', 'cannot be used with', '--build'],
    ],
    [
      ['why', '--last', '--between', '1', '2'],
      ['--last', 'cannot be used with', '--between'],
    ],
    [
      ['why', '--build', '1', '--between', '1', '2'],
      ['--build', 'cannot be used with', '--between'],
    ],
    [
      ['why', '--build', '1', '--force'],
      ['--build', 'cannot be used with', '--force'],
    ],
    [
      ['wy', 'image'],
      [`unknown target 'wy'`, `did you mean the command 'why'?`],
    ],
    [
      ['image', 'wy'],
      [`unknown target 'wy'`, 'choose one of: image, other'],
    ],
    [
      ['image', '--disk-size', '12X'],
      [`cannot read the size '12X'`, 'the size of the disk'],
    ],
    [
      ['image', '--disk-size'],
      ["option '--disk-size' needs a value", 'write --disk-size VALUE'],
    ],
    [['image', '--set', 'diskSize'], ['--set NAME=VALUE']],
    [
      ['image', '--set', 'disksize=1'],
      [`unknown param 'disksize'`, `did you mean 'diskSize'?`],
    ],
    [
      ['image', '--set', 'other.disksize=1'],
      [`unknown param 'other.disksize'`, `'diskSize' belongs to image`],
    ],
    [
      ['image', '--set', 'imgae.disksize=1'],
      [`unknown param 'imgae.disksize'`, `did you mean 'image.diskSize'?`],
    ],
    [['image', '--disk-size', '1M'], [`expected at least 512M, got '1M'`]],
    [
      ['image', '--jobs', '0'],
      ['a whole number of at least 1', 'see lbuild build --help'],
    ],
    [
      ['debs'],
      [`'debs' is a lockfile, not an artifact`, 'build image, or re-resolve it with lbuild update debs'],
    ],
    [
      ['why', 'image.img'],
      [`unknown target 'image.img'`, `it is an output of 'image'`],
    ],
    [['status', 'output/other.txt'], [`it is an output of 'other'`]],
    [['status', 'imgae'], [`did you mean 'image'?`]],
    [['why', 'imgae'], [`did you mean 'image'?`]],
    [['graph', 'imgae'], [`did you mean 'image'?`]],
  ]

  it('with a mistake is reported in one message with exit code 2', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config })
    for (const [words, expected] of calls) {
      const { code, stderr } = await workspace.lbuild(...words)
      for (const text of expected) expect(stderr, words.join(' ')).toContain(text)
      expect(code, words.join(' ')).toBe(2)
    }
    expect(workspace.exists('output')).toBe(false)
  })

  it('without a target makes status and why take every artifact that no other one depends on', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config })
    for (const command of ['status', 'why']) {
      const { code, stdout } = await workspace.lbuild(command, '--json', '--disk-size', '2G')
      expect(JSON.parse(stdout)).toMatchObject({ targets: ['image', 'other'] })
      expect(code).toBe(0)
    }
  })

  it('outside of a workspace is reported', async () => {
    const workspace = new TestWorkspace({})
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toContain('there is no build.config.ts here')
    expect(code).toBe(2)
  })

  it('finds the workspace from below it and by -C', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config, 'deep/er/file': '' })
    const below = new TestWorkspace({}, workspace.path('deep/er'))
    expect((await below.lbuild('graph')).stdout).toBe('image\n  debs (lockfile)\nother\n')
    const away = new TestWorkspace({})
    expect((await away.lbuild('graph', '-C', workspace.root)).stdout).toBe(
      'image\n  debs (lockfile)\nother\n',
    )
  })
})

describe('the key of an artifact holds the code of its producer', () => {
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

  it('and only the modules that this producer can reach', async () => {
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
  ['cut', (whole: Buffer) => whole.subarray(0, whole.length >> 1)],
  ['changed by a byte', (whole: Buffer) => Buffer.from(whole.toString().replace('was run', 'was rum'))],
])('compiles the config again where its compiled code was %s', async (_, damage) => {
  const workspace = new TestWorkspace({ 'build.config.ts': listing(OTHER) })
  const before = await workspace.lbuild('other')
  expect(before.stderr).toContain('was run')
  const [bundle] = readdirSync(workspace.path('cache/config')).filter((name) => name.endsWith('.mjs'))
  workspace.write(`cache/config/${bundle}`, damage(workspace.bytes(`cache/config/${bundle}`)))
  expect((await workspace.lbuild('other')).stderr).toContain('was run')
})
