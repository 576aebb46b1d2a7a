// Tests what `lbuild why` reports about each cause, about several causes, and with --diff.
import * as fs from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import type { TestWorkspace } from '../support/workspace.ts'
import { builtCopy, buildTemplate, DISTRO, STAMP, why, write } from './support/distro.ts'

beforeAll(buildTemplate)

describe('why reports about a cause', () => {
  it('the number of added and removed lines of a file, and the time of the edit', async () => {
    const { text } = await why(write('note.txt', 'one\n2\nthree\n'))
    expect(text.slice(3, 5)).toEqual(['  +2 −1 lines at line 2, 8 B → 12 B', '  edited just now'])
  })

  it('each changed entry of a tree', async () => {
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

  it('where a param is set', async () => {
    const config = (workspace: TestWorkspace): void =>
      workspace.edit('build.config.ts', `'first'`, `'second'`)
    expect((await why(config)).text[3]).toBe('  set by build.config.ts')
    expect((await why(() => {}, '--title', 'third')).text[3]).toBe('  set by the command line')
    const unset = (workspace: TestWorkspace): void =>
      workspace.edit('build.config.ts', `'image.title': 'first', `, '')
    expect((await why(unset)).text[3]).toBe('  the default value')
  })

  it('the chain of imports to a module', async () => {
    const { text } = await why(write('artifacts/deep.ts', `export const comma = ';'\n`))
    expect(text).toContain('  imported: artifacts/part.ts → artifacts/helper.ts → artifacts/deep.ts')
  })

  it('the old and new version of a tool', async () => {
    const { text } = await why((workspace) =>
      workspace.write('tools/stamp', STAMP.replaceAll('1.2.3', '1.3.0'), 0o755),
    )
    expect(text[2]).toMatch(/^tool stamp changed \(.*tools\/stamp\), version 1\.2\.3 → 1\.3\.0$/)
  })

  it('the version of a tool, which runs without write access', async () => {
    let root = ''
    const { text } = await why((workspace) => {
      root = workspace.root
      const stamp = STAMP.replaceAll('1.2.3', '1.3.0')
      workspace.write('tools/stamp', `${stamp}touch '${root}/trace' 2>/dev/null\n`, 0o755)
    })
    expect(text[2]).toMatch(/version 1\.2\.3 → 1\.3\.0$/)
    expect(fs.readdirSync(root)).not.toContain('trace')
  })

  it('the build that changed an upstream output, and its causes', async () => {
    const { text } = await why(async (workspace) => {
      workspace.write('note.txt', 'three\n')
      await workspace.build('part')
    })
    expect(text[3]).toMatch(/^ {2}produced by the build \S+, just now, because$/)
    expect(text.slice(4, 6)).toEqual(['    note.txt changed', '      +1 −2 lines at line 1, 8 B → 6 B'])
  })

  it('the old and new type of an entry, and the old and new target of a link', async () => {
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

  it('the artifacts that follow, with the duration of each run', async () => {
    const { text } = await why(write('note.txt', 'other\n'))
    expect(text[0]).toBe('image runs only if an output of part changes: 1 cause')
    expect(text.filter((line) => line.includes('→ part ')).join()).toMatch(/→ part {3}runs, about [\d.]+ s$/)
    expect(text.filter((line) => line.includes('→ image ')).join()).toMatch(
      /→ image {2}only if an output of part changes, about [\d.]+ s$/,
    )
  })
})

describe('why', () => {
  it('names each of two changes as a cause', async () => {
    const { causes, text } = await why((workspace) => {
      workspace.write('note.txt', 'other\n')
      workspace.write('artifacts/deep.ts', `export const comma = ';'\n`)
    })
    expect(causes.map(({ reason }) => reason.kind).sort()).toEqual(['changed', 'module'])
    expect(text[0]).toContain('2 causes')
  })

  it('lists below each cause only its own consequences', async () => {
    const plant = (workspace: TestWorkspace): void => workspace.write('note.txt', 'other\n')
    const { text } = await why(plant, '--title', 'another')
    expect(text[0]).toBe('image must run: 2 causes')
    const [, note, title] = text.join('\n').split(/^\d\. /m)
    expect(note).toMatch(/→ image {2}only if an output of part changes; runs anyway for 2\n/)
    expect(title).toMatch(/→ image {2}runs, about [\d.]+ s\n/)
  })

  it('reports dependencies of a fresh target that are not fresh', async () => {
    const workspace = builtCopy()
    workspace.edit('artifacts/part.ts', `{ part: { internal: 'part.txt' } }`, `{ part: 'part.txt' }`)
    await workspace.build('image')
    workspace.remove('output/part.txt')
    const { stdout, code } = await workspace.lbuild('why', 'image', '--check')
    expect(stdout).toMatch(/^image is fresh: .*; 1 dependency is not\n/)
    expect(stdout).toContain('→ part  would be restored from the store\n')
    expect([code, stdout.includes('→ image')]).toEqual([3, false])
  })

  it('reports no cause after a change is reverted', async () => {
    const { causes, text } = await why((workspace) => {
      workspace.write('note.txt', 'other\n')
      workspace.write('note.txt', DISTRO['note.txt']!)
    })
    expect(causes).toEqual([])
    expect(text[0]).toContain('image is fresh: produced by the build ')
    expect(text[1]).toMatch(/^checked: 5 files and trees, /)
  })

  it('groups long lists by directory and still lists single entries', async () => {
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

  it('shortens long lists; --all prints them in full', async () => {
    const many = (workspace: TestWorkspace): void => {
      for (let number = 0; number < 40; number += 1)
        workspace.write(`src/many/${String(number).padStart(2, '0')}`, '')
    }
    const { text } = await why(many)
    // The directory itself counts as an entry.
    expect(text[2]).toBe('src/ changed: 41 entries')
    expect(text[3]).toBe('  many/: added (41 entries)')
    expect((await why(many, '--all')).text.filter((line) => line.endsWith(': added'))).toHaveLength(41)
  })
})

describe('why --diff', () => {
  it('compares a file line by line', async () => {
    const { text } = await why(write('note.txt', 'one\n2\n'), '--diff')
    expect(text.join('\n')).toContain('--- a/note.txt\n+++ b/note.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n')
  })

  it('compares the changed, added and removed files of a tree', async () => {
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

  it('compares modules and the inputs of lockfiles', async () => {
    expect(
      (await why(write('artifacts/deep.ts', `export const comma = ';'\n`), '--diff')).text.join('\n'),
    ).toContain(`-export const comma = ','\n+export const comma = ';'\n`)
    expect((await why(write('fetched.list', 'none\nmore\n'), '--diff')).text.join('\n')).toContain(
      '--- a/fetched.list\n+++ b/fetched.list\n@@ -1,1 +1,2 @@\n none\n+more\n',
    )
  })

  it('compares the members of a param that is a table', async () => {
    const { text } = await why((w) => w.edit('build.config.ts', '{ a: 1 }', '{ a: 1, b: [2] }'), '--diff')
    expect(text.join('\n')).toContain(' {\n-  "a": 1\n+  "a": 1,\n+  "b": [\n+    2\n+  ]\n }')
  })

  it('reports files that it cannot compare', async () => {
    const { text } = await why((workspace) => workspace.write('note.txt', 'x\0y'), '--diff')
    expect(text).toContain('  not text, too large to store, or no longer in the store: note.txt')
  })
})

it('why hashes a changed file once: the next why takes its digest from the stat cache', async () => {
  const workspace = builtCopy()
  workspace.write('note.txt', 'other\n')
  await workspace.lbuild('why', 'image')
  // A digest that no file has shows where the next `why` takes it from.
  const digest = 'f'.repeat(64)
  const index = workspace.read('cache/index/index.json').replace(sha256('other\n'), digest)
  const content = index.slice(index.indexOf(' ') + 1)
  workspace.write('cache/index/index.json', `${sha256(content)} ${content}`)
  expect((await workspace.lbuild('why', 'image', '--json')).stdout).toContain(digest)
})

it('why changes no verdict and logs nothing', async () => {
  const workspace = builtCopy()
  workspace.write('note.txt', 'other\n')
  await workspace.lbuild('why', 'image')
  const before = { ...workspace.verdictState(), logs: workspace.state('cache/log') }
  await workspace.lbuild('why', 'image', '--diff', '--all')
  await workspace.lbuild('why', 'image', 'note.txt')
  expect({ ...workspace.verdictState(), logs: workspace.state('cache/log') }).toEqual(before)
})
