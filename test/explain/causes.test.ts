import * as fs from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import type { ExplainedCause } from '../../src/planner/evidence.ts'
import { TestWorkspace } from '../support/workspace.ts'

// One change is planted, and `lbuild why` names this one as the cause, on top, and no other.

const DISTRO: Readonly<Record<string, string>> = {
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { image } from './artifacts/image.ts'
import { fetched, part } from './artifacts/part.ts'

export default defineConfig({
  artifacts: [fetched, part, image],
  params: { 'image.title': 'first', 'image.table': { a: 1 } },
  epoch: 1000000000,
  toolPath: ['tools'],
})
`,
  'artifacts/part.ts': `import { readFileSync, writeFileSync } from 'node:fs'
import { artifact, file, lockfile, text, tree } from 'lbuild'
import { joined } from './helper.ts'

export const fetched = lockfile('fetched', {
  path: 'fetched.lock',
  inputs: { list: file('fetched.list') },
  params: { suite: text('stable') },
  tools: [],
  resolve: async ({ inputs }) => readFileSync(inputs.list, 'utf8') === 'none\\n' ? [] : [],
  mirrors: () => [],
})

export const part = artifact('part', {
  inputs: {
    note: file('note.txt'), script: file('script'), src: tree('src'), maybe: file('maybe.txt', { optional: true }),
    perhaps: file('perhaps.txt', { optional: true }), debs: fetched.downloads(),
  },
  env: ['EDITION', 'OTHER'],
  tools: ['stamp'],
  outputs: { part: { internal: 'part.txt' } },
  async produce({ inputs, outputs, run }) {
    writeFileSync(outputs.part, joined(readFileSync(inputs.note, 'utf8'), (await run('stamp', [])).stdout))
  },
})
`,
  'artifacts/helper.ts': `import { comma } from './deep.ts'
export const joined = (a: string, b: string): string => a + comma + b
`,
  'artifacts/deep.ts': `export const comma = ','\n`,
  'artifacts/image.ts': `import { copyFileSync } from 'node:fs'
import { artifact, data, size, text } from 'lbuild'
import { part } from './part.ts'

export const image = artifact('image', {
  inputs: { part: part.output('part') },
  params: { title: text('none'), table: data<unknown>({}), diskSize: size('1G') },
  outputs: { image: 'image.img' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.part, outputs.image),
})
`,
  'fetched.list': 'none\n',
  'note.txt': 'one\ntwo\n',
  script: '#!/bin/sh\n',
  'perhaps.txt': 'perhaps',
  'src/hello': 'hello\n',
  'src/second': 'second\n',
  'src/deep/file': 'deep\n',
}

const template = new TestWorkspace(DISTRO, TestWorkspace.lasting())
const STAMP =
  '#!/bin/sh\n# stamp 1.2.3\ncase "$1" in --version) echo stamp 1.2.3 ;; *) echo stamped ;; esac\n'

beforeAll(async () => {
  template.write('tools/stamp', STAMP, 0o755)
  fs.symlinkSync('hello', template.path('src/link'))
  template.env['EDITION'] = 'home'
  const { code, stderr } = await template.lbuild('image')
  if (code !== 0) throw new Error(stderr)
})

interface Planted {
  readonly causes: readonly ExplainedCause[]
  /** What people see, in lines. */
  readonly text: readonly string[]
}

async function why(
  plant: (workspace: TestWorkspace) => Promise<unknown> | void,
  ...args: string[]
): Promise<Planted> {
  const workspace = template.copy()
  Object.assign(workspace.env, template.env)
  // A copy has other times of files; what is young is read.
  await plant(workspace)
  const [json, text] = [
    await workspace.lbuild('why', 'image', '--json', ...args),
    await workspace.lbuild('why', 'image', ...args),
  ]
  expect([json.code, text.code, text.stderr]).toEqual([0, 0, ''])
  return { causes: (JSON.parse(json.stdout) as Planted).causes, text: text.stdout.split('\n') }
}

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

const write =
  (path: string, content: string) =>
  (workspace: TestWorkspace): void =>
    workspace.write(path, content)
const remove =
  (path: string) =>
  (workspace: TestWorkspace): void =>
    workspace.remove(path)

interface Case {
  readonly plant: Plant
  readonly reason: Readonly<Record<string, unknown>>
  readonly headline: string
  readonly args: readonly string[]
}

type Plant = (workspace: TestWorkspace) => Promise<unknown> | void

const kind = (
  name: string,
  plant: Plant,
  reason: Readonly<Record<string, unknown>>,
  headline: string,
  ...args: readonly string[]
): [string, Case] => [name, { plant, reason, headline, args }]

const CASES: readonly (readonly [string, Case])[] = [
  kind('a file edited', write('note.txt', 'one\n2\n'), changed('file', 'note'), 'note.txt changed'),
  kind(
    'a file made executable',
    (w) => fs.chmodSync(w.path('script'), 0o755),
    changed('file', 'script'),
    'script was made executable',
  ),
  kind('an optional file that came', write('maybe.txt', ''), changed('file', 'maybe'), 'maybe.txt was added'),
  kind(
    'an optional file that went',
    remove('perhaps.txt'),
    changed('file', 'perhaps'),
    'perhaps.txt was removed',
  ),
  kind(
    'a file of a tree edited',
    write('src/hello', 'HELLO\n'),
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind('a file of a tree added', write('src/new', ''), changed('tree', 'src'), 'src/ changed: 1 entry'),
  kind('a file of a tree removed', remove('src/second'), changed('tree', 'src'), 'src/ changed: 1 entry'),
  kind(
    'a file of a tree renamed',
    (w) => w.rename('src/second', 'src/third'),
    changed('tree', 'src'),
    'src/ changed: 2 entries',
  ),
  kind(
    'a file of a tree made executable',
    (w) => fs.chmodSync(w.path('src/hello'), 0o755),
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind(
    'a link of a tree retargeted',
    (w) => {
      w.remove('src/link')
      fs.symlinkSync('second', w.path('src/link'))
    },
    changed('tree', 'src'),
    'src/ changed: 1 entry',
  ),
  kind(
    'an empty directory added',
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
    'a param of the command line',
    () => {},
    changed('param', 'title'),
    'param image.title: "first" → "other"',
    '--title',
    'other',
  ),
  kind(
    'a size',
    () => {},
    changed('param', 'diskSize'),
    'param image.diskSize: 1G → 2G',
    '--disk-size',
    '2G',
  ),
  kind(
    'a param of the config',
    (w) => w.edit('build.config.ts', `'first'`, `'second'`),
    changed('param', 'title'),
    'param image.title: "first" → "second"',
  ),
  kind(
    'a table of the config',
    (w) => w.edit('build.config.ts', '{ a: 1 }', '{ a: 2 }'),
    changed('param', 'table'),
    'param image.table: {"a":1} → {"a":2}',
  ),
  kind(
    'the epoch',
    (w) => w.edit('build.config.ts', '1000000000', '1000000001'),
    changed('platform', 'epoch'),
    'epoch: 1000000000 → 1000000001',
  ),
  kind(
    'the module of a producer',
    (w) => w.write('artifacts/image.ts', `${w.read('artifacts/image.ts')}// more\n`),
    { kind: 'module', module: 'artifacts/image.ts' },
    'code: artifacts/image.ts changed',
  ),
  kind(
    'a module that it imports',
    write('artifacts/deep.ts', `export const comma = ';'\n`),
    { kind: 'module', module: 'artifacts/deep.ts' },
    'code: artifacts/deep.ts changed',
  ),
  kind(
    'a variable set',
    (w) => void (w.env['OTHER'] = 'x'),
    changed('env', 'OTHER'),
    'environment variable OTHER: not set → "x"',
  ),
  kind(
    'a variable changed',
    (w) => void (w.env['EDITION'] = 'work'),
    changed('env', 'EDITION'),
    'environment variable EDITION: "home" → "work"',
  ),
  kind(
    'a variable unset',
    (w) => void delete w.env['EDITION'],
    changed('env', 'EDITION'),
    'environment variable EDITION: "home" → not set',
  ),
  kind(
    'a tool',
    (w) => w.write('tools/stamp', STAMP.replaceAll('1.2.3', '1.3.0'), 0o755),
    changed('tool', 'stamp'),
    'tool stamp changed (',
  ),
  kind(
    'a lock that is gone',
    remove('fetched.lock'),
    { kind: 'lockfile', state: 'missing' },
    'the lockfile fetched.lock is missing',
  ),
  kind(
    'an input of a lock',
    write('fetched.list', 'none\nmore\n'),
    { kind: 'lockfile', state: 'outdated' },
    'fetched.list changed, so the lockfile fetched.lock is outdated',
  ),
  kind(
    'a param of a lock',
    () => {},
    { kind: 'lockfile', state: 'outdated' },
    'param suite: "stable" → "testing", so the lockfile fetched.lock is outdated',
    '--suite',
    'testing',
  ),
  kind(
    'an output that is gone',
    remove('output/image.img'),
    { kind: 'output-missing' },
    'output/image.img is missing',
  ),
  kind(
    'an output that was written to',
    write('output/image.img', 'booted'),
    { kind: 'output-changed' },
    'output/image.img was modified',
  ),
  kind(
    'an output that is something else',
    (w) => {
      w.remove('output/image.img')
      fs.mkdirSync(w.path('output/image.img'))
    },
    { kind: 'output-changed' },
    'output/image.img was modified: a directory',
  ),
  kind('forced', () => {}, { kind: 'forced' }, 'forced: image', '--force'),
  kind(
    'a record that is damaged',
    (w) => w.write(recordOf(w, 'image'), 'damage'),
    { kind: 'record-damaged' },
    'unusable record (damaged, or from another version of lbuild): image',
  ),
  kind(
    'a record that is gone',
    (w) => w.remove(recordOf(w, 'image')),
    { kind: 'record-lost' },
    'missing record: image',
  ),
  kind(
    'the word of the latest record that is damaged',
    write('cache/records/part/latest.json', 'damage'),
    { kind: 'record-damaged' },
    'unusable record (damaged, or from another version of lbuild): part',
  ),
  kind(
    'the records of an artifact',
    remove('cache/records/image'),
    { kind: 'first-build' },
    'never built: image',
  ),
  kind(
    'an object that is gone',
    (w) => {
      const { outputs } = JSON.parse(w.read(recordOf(w, 'image')).split('\n')[1]!) as {
        outputs: { image: { sha256: string } }
      }
      const { sha256 } = outputs.image
      w.remove(`cache/objects/${sha256.slice(0, 2)}/${sha256.slice(2)}`)
    },
    { kind: 'object-missing' },
    "missing from the store: the output 'part' of part",
  ),
  kind(
    'a part that was built by itself',
    async (w) => {
      w.write('note.txt', 'three\n')
      await w.build('part')
    },
    changed('output', 'part'),
    'the content of part.part changed',
  ),
]

describe('one change is named as the cause, on top, and no other', () => {
  it('there are at least 25 kinds', () => {
    expect(CASES.length).toBeGreaterThanOrEqual(25)
  })

  it.each(CASES)('%s', async (_, { plant, reason, headline, args }) => {
    const { causes, text } = await why(plant, ...args)
    expect(causes.map(({ reason: found }) => found)).toHaveLength(1)
    expect(causes[0]!.reason).toMatchObject(reason)
    expect(text[2]!.replace(/^1\. /, '').slice(0, headline.length)).toBe(headline)
  })
})

describe('what is known of a cause is told', () => {
  it('how many lines of a file came and went, and when it was edited', async () => {
    const { text } = await why(write('note.txt', 'one\n2\nthree\n'))
    expect(text.slice(3, 5)).toEqual(['  +2 −1 lines at line 2, 8 B → 12 B', '  edited just now'])
  })

  it('each entry of a tree', async () => {
    const { text } = await why((workspace) => {
      workspace.write('src/hello', 'HELLO\n')
      workspace.write('src/new', '')
      workspace.remove('src/second')
    })
    expect(text.slice(2, 6)).toEqual([
      'src/ changed: 3 entries',
      '  hello: content (+1 −1 lines at line 1)',
      '  new: added',
      '  second: removed',
    ])
  })

  it('who set a param', async () => {
    const config = (workspace: TestWorkspace): void =>
      workspace.edit('build.config.ts', `'first'`, `'second'`)
    expect((await why(config)).text[3]).toBe('  set by build.config.ts')
    expect((await why(() => {}, '--title', 'third')).text[3]).toBe('  set by the command line')
    const unset = (workspace: TestWorkspace): void =>
      workspace.edit('build.config.ts', `'image.title': 'first', `, '')
    expect((await why(unset)).text[3]).toBe('  set by its default')
  })

  it('through which imports a module is reached', async () => {
    const { text } = await why(write('artifacts/deep.ts', `export const comma = ';'\n`))
    expect(text).toContain('  imported: artifacts/part.ts → artifacts/helper.ts → artifacts/deep.ts')
  })

  it('the versions of a tool', async () => {
    const { text } = await why((workspace) =>
      workspace.write('tools/stamp', STAMP.replaceAll('1.2.3', '1.3.0'), 0o755),
    )
    expect(text[2]).toMatch(/^tool stamp changed \(.*tools\/stamp\), version 1\.2\.3 → 1\.3\.0$/)
  })

  it('a tool that is asked for its version may only look', async () => {
    let root = ''
    const { text } = await why((workspace) => {
      root = workspace.root
      const stamp = STAMP.replaceAll('1.2.3', '1.3.0')
      workspace.write('tools/stamp', `${stamp}touch '${root}/trace' 2>/dev/null\n`, 0o755)
    })
    expect(text[2]).toMatch(/version 1\.2\.3 → 1\.3\.0$/)
    expect(fs.readdirSync(root)).not.toContain('trace')
  })

  it('which build made an output that is now another one', async () => {
    const { text } = await why(async (workspace) => {
      workspace.write('note.txt', 'three\n')
      await workspace.build('part')
    })
    expect(text[3]).toMatch(/^ {2}made by the build \S+, just now, because$/)
    expect(text.slice(4, 6)).toEqual(['    note.txt changed', '      +1 −2 lines at line 1, 8 B → 6 B'])
  })

  it('what an entry of a tree was and is, where its type or the target of a link is another one', async () => {
    const { text } = await why((workspace) => {
      fs.unlinkSync(workspace.path('src/link'))
      fs.symlinkSync('second', workspace.path('src/link'))
      workspace.remove('src/hello')
      fs.symlinkSync('/etc/issue', workspace.path('src/hello'))
    })
    expect(text.slice(3, 5)).toEqual([
      '  hello: was a file, is a link to /etc/issue',
      '  link: link target hello → second',
    ])
  })

  it('what follows, and what each run takes', async () => {
    const { text } = await why(write('note.txt', 'other\n'))
    expect(text[0]).toBe('image runs only if the content of part changes: 1 cause')
    expect(text.filter((line) => line.includes('→ part ')).join()).toMatch(/→ part {3}runs, about [\d.]+ s$/)
    expect(text.filter((line) => line.includes('→ image ')).join()).toMatch(
      /→ image {2}only if the content of part changes, about [\d.]+ s$/,
    )
  })
})

describe('several changes', () => {
  it('two planted, two seen', async () => {
    const { causes, text } = await why((workspace) => {
      workspace.write('note.txt', 'other\n')
      workspace.write('artifacts/deep.ts', `export const comma = ';'\n`)
    })
    expect(causes.map(({ reason }) => reason.kind).sort()).toEqual(['changed', 'module'])
    expect(text[0]).toContain('2 causes')
  })

  it('each tells what it does alone, and the target which of them reach it', async () => {
    const plant = (workspace: TestWorkspace): void => workspace.write('note.txt', 'other\n')
    const { text } = await why(plant, '--title', 'another')
    expect(text[0]).toBe('image must run: 2 causes')
    const [, note, title] = text.join('\n').split(/^\d\. /m)
    expect(note).toMatch(/→ image {2}only if the content of part changes; runs anyway for 2\n/)
    expect(title).toMatch(/→ image {2}runs, about [\d.]+ s\n/)
  })

  it('of what has only been changed below an up-to-date target that is said', async () => {
    const workspace = template.copy()
    Object.assign(workspace.env, template.env)
    workspace.edit('artifacts/part.ts', `{ part: { internal: 'part.txt' } }`, `{ part: 'part.txt' }`)
    await workspace.build('image')
    workspace.remove('output/part.txt')
    const { stdout, code } = await workspace.lbuild('why', 'image', '--check')
    expect(stdout).toMatch(/^image is up to date: .*; 1 artifact below it is not\n/)
    expect(stdout).toContain('→ part  would be restored from the store\n')
    expect([code, stdout.includes('→ image')]).toEqual([3, false])
  })

  it('a change that is undone is none', async () => {
    const { causes, text } = await why((workspace) => {
      workspace.write('note.txt', 'other\n')
      workspace.write('note.txt', DISTRO['note.txt']!)
    })
    expect(causes).toEqual([])
    expect(text[0]).toContain('image is up to date: made by the build ')
    expect(text[1]).toMatch(/^checked: 5 files and trees, /)
  })

  it('a long list does not hide what stands alone in it', async () => {
    const { text } = await why((workspace) => {
      for (let number = 0; number < 40; number += 1) workspace.write(`src/many/${number}`, '')
      workspace.write('src/hello', 'other\n')
    })
    expect(text.slice(2, 5)).toEqual([
      'src/ changed: 42 entries',
      '  hello: content (+1 −1 lines at line 1)',
      '  many/: added (41 entries)',
    ])
  })

  it('long lists are counted and cut; --all shows them', async () => {
    const many = (workspace: TestWorkspace): void => {
      for (let number = 0; number < 40; number += 1)
        workspace.write(`src/many/${String(number).padStart(2, '0')}`, '')
    }
    const { text } = await why(many)
    // The directory itself is an entry, too.
    expect(text[2]).toBe('src/ changed: 41 entries')
    expect(text[3]).toBe('  many/: added (41 entries)')
    expect((await why(many, '--all')).text.filter((line) => line.endsWith(': added'))).toHaveLength(41)
  })
})

describe('--diff', () => {
  it('a file, line by line', async () => {
    const { text } = await why(write('note.txt', 'one\n2\n'), '--diff')
    expect(text.join('\n')).toContain('--- a/note.txt\n+++ b/note.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n')
  })

  it('files of a tree: changed, added, removed', async () => {
    const { text } = await why((workspace) => {
      workspace.write('src/hello', 'HELLO\n')
      workspace.write('src/new', 'new\n')
      workspace.remove('src/deep')
    }, '--diff')
    const all = text.join('\n')
    expect(all).toContain('--- a/src/hello\n+++ b/src/hello\n@@ -1,1 +1,1 @@\n-hello\n+HELLO\n')
    expect(all).toContain('--- /dev/null\n+++ b/src/new\n')
    expect(all).toContain('--- a/src/deep/file\n+++ /dev/null\n')
  })

  it('a module, and what a lock is resolved from', async () => {
    expect(
      (await why(write('artifacts/deep.ts', `export const comma = ';'\n`), '--diff')).text.join('\n'),
    ).toContain(`-export const comma = ','\n+export const comma = ';'\n`)
    expect((await why(write('fetched.list', 'none\nmore\n'), '--diff')).text.join('\n')).toContain(
      '--- a/fetched.list\n+++ b/fetched.list\n@@ -1,1 +1,2 @@\n none\n+more\n',
    )
  })

  it('a param that is a table, by its members', async () => {
    const { text } = await why((w) => w.edit('build.config.ts', '{ a: 1 }', '{ a: 1, b: [2] }'), '--diff')
    expect(text.join('\n')).toContain(' {\n-  "a": 1\n+  "a": 1,\n+  "b": [\n+    2\n+  ]\n }')
  })

  it('says what it cannot show', async () => {
    const { text } = await why((workspace) => workspace.write('note.txt', 'x\0y'), '--diff')
    expect(text).toContain('  not text, too large to store, or no longer in the store: note.txt')
  })
})

it('why writes nothing', async () => {
  const workspace = template.copy()
  workspace.write('note.txt', 'other\n')
  await workspace.lbuild('why', 'image')
  const before = { ...workspace.verdictState(), logs: workspace.state('cache/log') }
  await workspace.lbuild('why', 'image', '--diff', '--all')
  await workspace.lbuild('why', 'image', 'note.txt')
  expect({ ...workspace.verdictState(), logs: workspace.state('cache/log') }).toEqual(before)
})
