// Tests what `lbuild check` reports about a workspace, and its exit codes.
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const CONFIG = `import { defineConfig } from 'lbuild'
import { image } from './artifacts/image.ts'
export default defineConfig({ artifacts: [image] })
`

const image = (body: string, more = ''): string => `import { writeFileSync } from 'node:fs'
import { artifact, file, lockfile, text } from 'lbuild'
${more}
export const image = artifact('image', {
  inputs: { note: file('note.txt') }, params: { hostname: text('edge') }, tools: ['cp'], outputs: { o: 'o' },
  ${body}
})
`

const GOOD = `async produce({ inputs, params, outputs, run }) {
    await run('cp', [inputs.note, outputs.o])
    writeFileSync(outputs.o, params.hostname)
  },`

const workspace = (body: string, more = ''): TestWorkspace =>
  new TestWorkspace({ 'build.config.ts': CONFIG, 'artifacts/image.ts': image(body, more), 'note.txt': '' })

interface Report {
  readonly typescript: string | null
  readonly findings: readonly { readonly kind: string; readonly message: string; readonly place?: unknown }[]
}

async function check(distro: TestWorkspace): Promise<Report & { code: number | string }> {
  const { code, stdout } = await distro.lbuild('check', '--json')
  return { code, ...(JSON.parse(stdout) as Report) }
}

it('a correct config has no findings and exit code 0, and a line says that types were not checked', async () => {
  const { code, stdout, stderr } = await workspace(GOOD).lbuild('check')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toBe(
    'no findings (1 artifact, 0 lockfiles; types not checked: typescript is not installed in this workspace)\n',
  )
})

it('a misspelt param is one error with its line and the nearest name, and exit code 1', async () => {
  const distro = workspace(GOOD.replace('params.hostname', '(params as any).hostnme'))
  const { code, stdout, stderr } = await distro.lbuild('check')
  expect([code, stderr]).toEqual([1, ''])
  expect(stdout).toMatch(
    /^artifacts\/image\.ts:8:\d+: undeclared: the producer of 'image' reads the undeclared param 'hostnme'\n {2}hint: did you mean 'hostname'\? Otherwise add it to params of artifact\('image', …\)\n1 finding \(/,
  )
})

it('undeclared inputs, outputs and tools, and unused inputs, params and outputs are reported', async () => {
  const { code, findings } = await check(
    workspace(
      `async produce({ inputs, outputs, run }) { await run('mv', [(inputs as any).source, (outputs as any).p]) },`,
    ),
  )
  expect(code).toBe(1)
  expect(findings.map(({ kind, message }) => `${kind}: ${message}`)).toEqual([
    `undeclared: the producer of 'image' runs the undeclared tool 'mv'`,
    `undeclared: the producer of 'image' reads the undeclared input 'source'`,
    `undeclared: the producer of 'image' reads the undeclared output 'p'`,
    `unused: the producer of 'image' does not read the declared input 'note'`,
    `unused: the producer of 'image' does not read the declared param 'hostname'`,
    `unused: the producer of 'image' does not write the declared output 'o'`,
  ])
  expect(findings[0]?.place).toMatchObject({ file: 'artifacts/image.ts', line: 6 })
})

it('a name that only verify reads is used', async () => {
  const { findings } = await check(
    workspace(`produce({ inputs, outputs }) { writeFileSync(outputs.o, inputs.note) },
  verify({ params }) { if (params.hostname === '') throw new Error('empty') },`),
  )
  expect(findings).toEqual([])
})

it('a producer that passes its context on has no findings', async () => {
  const { code } = await check(
    workspace(`produce: (context) => helper(context),`, `const helper = (_: unknown) => {}`),
  )
  expect(code).toBe(0)
})

it('names of a resolver are reported; a param that only mirrors reads is used', async () => {
  const distro = workspace(
    GOOD,
    `export const debs = lockfile('debs', {
  path: 'debs.lock', inputs: { list: file('note.txt') }, params: { mirror: text(''), suite: text(''), more: text('') }, tools: [],
  async resolve({ params }) { console.log((params as any).siute); return [] },
  mirrors: ({ mirror }) => [mirror],
})`,
  )
  distro.edit('build.config.ts', 'import { image }', 'import { debs, image }')
  distro.edit('build.config.ts', '[image]', '[image, debs]')
  const { findings } = await check(distro)
  expect(findings.map(({ message }) => message)).toEqual([
    `the resolver of 'debs' reads the undeclared param 'siute'`,
    `the resolver of 'debs' does not read the declared input 'list'`,
    `the resolver of 'debs' does not read the declared param 'more'`,
  ])
})

it('a tool that this host lacks is reported with who needs it; a tool of toolPath is found', async () => {
  const distro = workspace(GOOD)
  distro.edit('artifacts/image.ts', `tools: ['cp']`, `tools: ['cp', 'mkfs.nowhere', 'own']`)
  distro.edit('build.config.ts', 'artifacts:', `toolPath: ['bin'], artifacts:`)
  distro.write('bin/own', '#!/bin/sh\n', 0o755)
  const { code, findings } = await check(distro)
  expect(code).toBe(1)
  expect(findings.map(({ message }) => message)).toEqual([
    `this host lacks the tool 'mkfs.nowhere', which 'image' needs`,
  ])
})

it('an invalid config has exit code 2', async () => {
  const distro = new TestWorkspace({ 'build.config.ts': 'export default 5' })
  expect((await distro.lbuild('check')).code).toBe(2)
})

/** A workspace with TypeScript and a linked lbuild. */
function withTypeScript(distro: TestWorkspace): TestWorkspace {
  mkdirSync(distro.path('node_modules/@types'), { recursive: true })
  for (const name of ['typescript', '@types/node', 'undici-types'])
    symlinkSync(`${HOME}/node_modules/${name}`, distro.path(`node_modules/${name}`))
  symlinkSync(HOME, distro.path('node_modules/lbuild'))
  return distro
}

it.each([
  ['without a tsconfig.json', undefined],
  ['with one that writes files', { incremental: true, composite: true, declaration: true, outDir: 'dist' }],
])(
  'a misspelt param and another error of types are one finding each if TypeScript is installed, %s',
  async (_, options) => {
    const distro = withTypeScript(
      workspace(GOOD.replace('params.hostname', 'params.hostnme + params.hostname.toLower()')),
    )
    if (options)
      distro.write(
        'tsconfig.json',
        JSON.stringify({
          compilerOptions: {
            ...options,
            module: 'nodenext',
            customConditions: ['lbuild:source'],
            strict: true,
            skipLibCheck: true,
            types: ['node'],
            allowImportingTsExtensions: true,
          },
          include: ['build.config.ts', 'artifacts'],
        }),
      )
    const { code, typescript, findings } = await check(distro)
    expect(code).toBe(1)
    expect(typescript).toMatch(/^\d+\./)
    expect(findings.map(({ kind, message }) => `${kind}: ${message.split('\n')[0]}`)).toEqual([
      expect.stringMatching(/^type: Property 'toLower' does not exist on type 'string'.* \(TS\d+\)$/),
      `undeclared: the producer of 'image' reads the undeclared param 'hostnme'`,
    ])
    expect(findings[0]?.place).toMatchObject({ file: 'artifacts/image.ts', line: 8 })
    expect(distro.exists('dist')).toBe(false)
    expect(readdirSync(distro.root).filter((name) => name.endsWith('.tsbuildinfo'))).toEqual([])
  },
)

it('a missing file and a misspelt directory are reported with their inputs and the nearest name', async () => {
  const distro = workspace(GOOD.replace('inputs.note,', 'inputs.note, inputs.src, inputs.maybe,'))
  distro.edit(
    'artifacts/image.ts',
    "file('note.txt')",
    "file('notes.txt'), src: tree('srcs'), maybe: file('no', { optional: true })",
  )
  distro.edit('artifacts/image.ts', 'file, lockfile', 'file, lockfile, tree')
  mkdirSync(distro.path('src'))
  const { code, stdout } = await distro.lbuild('check')
  expect(code).toBe(1)
  expect(stdout).toContain(`missing-input: 'notes.txt' does not exist, which is the input 'note' of 'image'
  hint: in .: did you mean 'note.txt'?
missing-input: 'srcs' does not exist, which is the input 'src' of 'image'
  hint: in .: did you mean 'src'?
2 findings`)
})
