// Tests that a config loaded from the cache equals a newly compiled one after any change of what its imports find.
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { loadConfig } from '../../src/config/load.ts'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { Failure } from '../../src/platform/failure.ts'
import { IN_PROCESS } from '../support/evaluator.ts'
import { MEMORY_PARENT } from '../support/temporary.ts'
import { checkProperty, SEED } from './support/bounds.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const CONFIG = `import { artifact, defineConfig, text } from 'lbuild'
import { value as near } from './near'
import { value as installed } from 'installed'
import { value as mapped } from '#mapped'
import { value as linked } from './linked/index.ts'
const params = { near: text(near), installed: text(installed), mapped: text(mapped), linked: text(linked) }
const one = artifact('one', { params, outputs: { one: 'one' }, produce() {} })
export default defineConfig({ artifacts: [one] })
`

const module = (value: number): string => `export const value = 'module ${value}'\n`
const script = (value: number): string => `exports.value = 'script ${value}'\n`
const json = (value: number): string => `{ "value": "JSON ${value}" }\n`

const PACKAGES: readonly object[] = [
  {},
  { main: './main.js' },
  { main: './other.js' },
  { exports: './main.js' },
  { exports: { '.': { import: './other.js', default: './main.js' } } },
  { main: './main.js', type: 'module' },
  { module: './other.js', main: './main.js' },
]
const packageJson = (value: number): string => JSON.stringify(PACKAGES[value % PACKAGES.length])

const MAPPED: readonly (string | readonly string[] | object)[] = [
  './src/mapped.ts',
  './lib/mapped.ts',
  './lib/mapped.json',
  './src/mapped/index.ts',
  { node: './lib/mapped.ts', default: './src/mapped.ts' },
]
const workspaceJson = (value: number): string =>
  JSON.stringify({ imports: { '#mapped': MAPPED[value % MAPPED.length] } })

/** The paths that an edit may write, with what it writes there. Many shadow another or are shadowed by it. */
const FILES: readonly (readonly [string, (value: number) => string])[] = [
  ['near.ts', module],
  ['near.js', script],
  ['near.json', json],
  ['near/index.ts', module],
  ['near/index.js', script],
  ['near/main.js', script],
  ['near/package.json', packageJson],
  ['node_modules/installed/package.json', packageJson],
  ['node_modules/installed/index.js', script],
  ['node_modules/installed/main.js', script],
  ['node_modules/installed/other.js', script],
  ['node_modules/installed.js', script],
  ['src/mapped.ts', module],
  ['src/mapped/index.ts', module],
  ['lib/mapped.ts', module],
  ['lib/mapped.json', json],
  ['package.json', workspaceJson],
  ['real/index.ts', module],
  ['other/index.ts', module],
]

/** The files of the workspace before the first edit. */
const FIRST = [
  'near.ts',
  'node_modules/installed/index.js',
  'src/mapped.ts',
  'package.json',
  'real/index.ts',
  'other/index.ts',
]

/** Links that an edit may set, with their possible targets. */
const LINKS: readonly (readonly [string, readonly string[]])[] = [
  ['linked', ['real', 'other', 'missing']],
  ['real/index.ts', ['../other/index.ts', '../near.ts']],
  ['src/mapped.ts', ['../real/index.ts', '../lib/mapped.ts']],
  ['node_modules/installed', ['../real', '../other']],
]

interface Edit {
  readonly kind: 'write' | 'remove' | 'link'
  readonly at: number
  readonly value: number
}

const edit: fc.Arbitrary<Edit> = fc.record({
  kind: fc.constantFrom('write', 'write', 'write', 'remove', 'link'),
  at: fc.nat({ max: 999 }),
  value: fc.nat({ max: 9 }),
})

const pick = <T>(list: readonly T[], at: number): T => {
  const found = list[at % list.length]
  if (found === undefined) throw new Error('an empty list')
  return found
}

function put(root: string, path: string, create: (absolute: string) => void): void {
  const absolute = `${root}/${path}`
  let parent = dirname(absolute)
  // A file or link in the place of a directory gives way.
  while (parent !== root) {
    if (fs.lstatSync(parent, { throwIfNoEntry: false })?.isDirectory() === false) fs.rmSync(parent)
    parent = dirname(parent)
  }
  fs.mkdirSync(dirname(absolute), { recursive: true })
  fs.rmSync(absolute, { recursive: true, force: true })
  create(absolute)
}

function apply(root: string, { kind, at, value }: Edit): void {
  if (kind === 'remove') return fs.rmSync(`${root}/${pick(FILES, at)[0]}`, { recursive: true, force: true })
  if (kind === 'link') {
    const [path, targets] = pick(LINKS, at)
    return put(root, path, (absolute) => fs.symlinkSync(pick(targets, value), absolute))
  }
  const [path, content] = pick(FILES, at)
  put(root, path, (absolute) => fs.writeFileSync(absolute, content(value)))
}

/** The graph, or the failure of loading it, with the cache directory `cache`. */
async function load(root: string, cache: string): Promise<unknown> {
  // The clock is ahead of the file times, so that the index trusts the files at once.
  const now = (): bigint => BigInt(Date.now()) * 1_000_000n + 10_000_000_000n
  const index = new StatIndex(realDisk, `${cache}/index`, now)
  try {
    const { graph } = await loadConfig(
      realDisk,
      index,
      { root, home: HOME, cache, output: `${root}/output` },
      { evaluator: IN_PROCESS },
    )
    return JSON.parse(JSON.stringify(graph)) as unknown
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return error.headline
  } finally {
    index.save()
  }
}

it(`loads the same graph from the cache as without one, whatever the imports of the config find (seed ${SEED})`, async () => {
  let loads = 0
  let graphs = 0
  await checkProperty(
    fc.array(fc.array(edit, { minLength: 1, maxLength: 2 }), { maxLength: 8, size: 'max' }),
    async (steps) => {
      const root = fs.realpathSync(fs.mkdtempSync(`${MEMORY_PARENT}/lbuild-config-`))
      try {
        fs.writeFileSync(`${root}/build.config.ts`, CONFIG)
        for (const path of FIRST)
          apply(root, { kind: 'write', at: FILES.findIndex(([one]) => one === path), value: 0 })
        apply(root, { kind: 'link', at: 0, value: 0 })
        for (const [at, edits] of [[], ...steps].entries()) {
          for (const one of edits) apply(root, one)
          const cached = await load(root, `${root}/cache`)
          expect(cached).toEqual(await load(root, `${root}/cold-${at}`))
          loads += 1
          if (typeof cached === 'object') graphs += 1
        }
      } finally {
        fs.rmSync(root, { recursive: true, force: true })
      }
    },
    () => `${loads} loads, ${graphs} of them of a valid config,`,
  )
  expect(graphs).toBeGreaterThan(0)
})
