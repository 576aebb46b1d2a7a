// Tests that `lbuild why` names each kind of change as the only cause.
import * as fs from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TestWorkspace } from '../support/workspace.ts'
import { outputObject } from '../support/damage.ts'
import type { Plant } from './support/distro.ts'
import { buildTemplate, remove, STAMP, why, write } from './support/distro.ts'

beforeAll(buildTemplate)

const recordOf = (workspace: TestWorkspace, artifact: string): string => {
  const name = fs
    .readdirSync(workspace.path(`cache/records/${artifact}`))
    .find((each) => each !== 'latest.json')
  return `cache/records/${artifact}/${name}`
}

const part = (kind: string, name: string): unknown => expect.objectContaining({ kind, name })
const changed = (kind: string, name: string): Record<string, unknown> => ({
  kind: 'changed',
  now: part(kind, name),
})

interface Case {
  readonly plant: Plant
  readonly reason: Readonly<Record<string, unknown>>
  readonly headline: string
  readonly args: readonly string[]
}

const kind = (
  name: string,
  plant: Plant,
  reason: Readonly<Record<string, unknown>>,
  headline: string,
  ...args: readonly string[]
): [string, Case] => [name, { plant, reason, headline, args }]

const CASES: readonly (readonly [string, Case])[] = [
  kind('an edited file', write('note.txt', 'one\n2\n'), changed('file', 'note'), 'note.txt changed'),
  kind(
    'a file that became executable',
    (w) => fs.chmodSync(w.path('script'), 0o755),
    changed('file', 'script'),
    'script was made executable',
  ),
  kind('an added optional file', write('maybe.txt', ''), changed('file', 'maybe'), 'maybe.txt was added'),
  kind(
    'a removed optional file',
    remove('perhaps.txt'),
    changed('file', 'perhaps'),
    'perhaps.txt was removed',
  ),
  kind(
    'an edited file of a tree',
    write('src/hello', 'HELLO\n'),
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind('an added file of a tree', write('src/new', ''), changed('tree', 'src'), 'src/ changed: 1 entry'),
  kind('a removed file of a tree', remove('src/second'), changed('tree', 'src'), 'src/ changed: 1 entry'),
  kind(
    'a renamed file of a tree',
    (w) => w.rename('src/second', 'src/third'),
    changed('tree', 'src'),
    'src/ changed: 2 entries',
  ),
  kind(
    'a file of a tree that became executable',
    (w) => fs.chmodSync(w.path('src/hello'), 0o755),
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind(
    'another target of a link of a tree',
    (w) => {
      w.remove('src/link')
      fs.symlinkSync('second', w.path('src/link'))
    },
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind(
    'an added empty directory',
    (w) => fs.mkdirSync(w.path('src/empty')),
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind(
    'a file that became a directory',
    (w) => {
      w.remove('src/hello')
      fs.mkdirSync(w.path('src/hello'))
    },
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind(
    'a param set on the command line',
    () => {},
    changed('param', 'title'),
    'param image.title: "first" → "other"',
    '--title',
    'other',
  ),
  kind(
    'a size set on the command line',
    () => {},
    changed('param', 'diskSize'),
    'param image.diskSize: 1G → 2G',
    '--disk-size',
    '2G',
  ),
  kind(
    'a param set in the config',
    (w) => w.edit('build.config.ts', `'first'`, `'second'`),
    changed('param', 'title'),
    'param image.title: "first" → "second"',
  ),
  kind(
    'a table set in the config',
    (w) => w.edit('build.config.ts', '{ a: 1 }', '{ a: 2 }'),
    changed('param', 'table'),
    'param image.table: {"a":1} → {"a":2}',
  ),
  kind(
    'another epoch',
    (w) => w.edit('build.config.ts', '1000000000', '1000000001'),
    changed('platform', 'epoch'),
    'epoch: 1000000000 → 1000000001',
  ),
  kind(
    'an edited module of a producer',
    (w) => w.write('artifacts/image.ts', `${w.read('artifacts/image.ts')}// more\n`),
    { kind: 'module', module: 'artifacts/image.ts' },
    'code: artifacts/image.ts changed',
  ),
  kind(
    'an edited module that a producer imports',
    write('artifacts/deep.ts', `export const comma = ';'\n`),
    { kind: 'module', module: 'artifacts/deep.ts' },
    'code: artifacts/deep.ts changed',
  ),
  kind(
    'a variable that was set',
    (w) => void (w.env['OTHER'] = 'x'),
    changed('env', 'OTHER'),
    'environment variable OTHER: not set → "x"',
  ),
  kind(
    'a variable that changed',
    (w) => void (w.env['EDITION'] = 'work'),
    changed('env', 'EDITION'),
    'environment variable EDITION: "home" → "work"',
  ),
  kind(
    'a variable that was unset',
    (w) => void delete w.env['EDITION'],
    changed('env', 'EDITION'),
    'environment variable EDITION: "home" → not set',
  ),
  kind(
    'another version of a tool',
    (w) => w.write('tools/stamp', STAMP.replaceAll('1.2.3', '1.3.0'), 0o755),
    changed('tool', 'stamp'),
    'tool stamp changed (',
  ),
  kind(
    'a missing lockfile',
    remove('fetched.lock'),
    { kind: 'lockfile', state: 'missing' },
    'the lockfile fetched.lock is missing',
  ),
  kind(
    'an edited input of a lockfile',
    write('fetched.list', 'none\nmore\n'),
    { kind: 'lockfile', state: 'outdated' },
    'fetched.list changed, so the lockfile fetched.lock is outdated',
  ),
  kind(
    'a param of a lockfile',
    () => {},
    { kind: 'lockfile', state: 'outdated' },
    'param suite: "stable" → "testing", so the lockfile fetched.lock is outdated',
    '--suite',
    'testing',
  ),
  kind(
    'a missing output',
    remove('output/image.img'),
    { kind: 'output-missing' },
    'output image.img is missing',
  ),
  kind(
    'a modified output',
    write('output/image.img', 'booted'),
    { kind: 'output-changed' },
    'output image.img was modified',
  ),
  kind(
    'a directory in place of an output',
    (w) => {
      w.remove('output/image.img')
      fs.mkdirSync(w.path('output/image.img'))
    },
    { kind: 'output-changed' },
    'output image.img was modified: a directory',
  ),
  kind('a forced artifact', () => {}, { kind: 'forced' }, 'forced: image', '--force'),
  kind(
    'a damaged record',
    (w) => w.write(recordOf(w, 'image'), 'damage'),
    { kind: 'record-damaged' },
    'unusable record (damaged, or from another version of lbuild): image',
  ),
  kind(
    'a missing record',
    (w) => w.remove(recordOf(w, 'image')),
    { kind: 'record-lost' },
    'missing record: image',
  ),
  kind(
    'a damaged pointer to the latest record',
    write('cache/records/part/latest.json', 'damage'),
    { kind: 'record-damaged' },
    'unusable record (damaged, or from another version of lbuild): part',
  ),
  kind(
    'missing records of an artifact',
    remove('cache/records/image'),
    { kind: 'first-build' },
    'never built: image',
  ),
  kind(
    'a missing object',
    (w) => w.remove(outputObject(w, 'image')),
    { kind: 'object-missing' },
    "missing from the store: the output 'part' of part",
  ),
  kind(
    'an output that an earlier build changed',
    async (w) => {
      w.write('note.txt', 'three\n')
      await w.build('part')
    },
    changed('output', 'part'),
    `output 'part' of part changed`,
  ),
]

describe('names as the only cause', () => {
  it('at least 25 kinds of changes', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(25)
  })

  it.each(CASES)('%s', async (_, { plant, reason, headline, args }) => {
    const { causes, text } = await why(plant, ...args)
    expect(causes.map(({ reason: found }) => found)).toHaveLength(1)
    expect(causes[0]!.reason).toMatchObject(reason)
    expect(text[2]!.replace(/^1\. /, '').slice(0, headline.length)).toBe(headline)
  })
})
