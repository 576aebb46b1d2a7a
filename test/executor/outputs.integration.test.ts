// Tests that a build makes every output identical to what was built, and preserves modified outputs.
import { readdirSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { flip, outputObject } from '../support/damage.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'

const built = builtTiny()

describe('an output', () => {
  it('is restored without a run if it was deleted', async () => {
    const workspace = built()
    const before = workspace.read('output/tiny.img')
    workspace.remove('output')
    const { ran, restored, code } = await workspace.build(...TINY_TARGETS)
    expect([ran, restored, code]).toEqual([[], ['image', 'other', 'roster'], 0])
    expect(workspace.read('output/tiny.img')).toBe(before)
    expect(workspace.read('output/docs/roster.txt')).toContain('hello')
  })

  it('is reported, preserved under another name and restored if it is truncated by a byte', async () => {
    const workspace = built()
    const original = workspace.read('output/tiny.img')
    truncateSync(workspace.path('output/tiny.img'), original.length - 1)
    const { ran, restored, code, stderr } = await workspace.build(...TINY_TARGETS)
    expect([ran, restored, code]).toEqual([[], ['image'], 0])
    expect(stderr).toContain(
      'output/tiny.img was modified after it was built: moved to output/tiny.img.preserved-1',
    )
    expect(stderr).toContain(`${original.length - 1} bytes where ${original.length} were built`)
    expect(workspace.read('output/tiny.img')).toBe(original)
    expect(workspace.read('output/tiny.img.preserved-1')).toBe(original.slice(0, -1))
    expect((await workspace.build(...TINY_TARGETS)).restored).toEqual([])
  })

  it('is preserved before an edit replaces it, if it was modified', async () => {
    const workspace = built()
    workspace.write('output/tiny.img', 'a booted machine')
    workspace.write('src/hello', 'HELLO\n')
    const { ran, code } = await workspace.build('image')
    expect([ran, code]).toEqual([['image', 'names', 'packed'], 0])
    expect(workspace.read('output/tiny.img.preserved-1')).toBe('a booted machine')
    expect(workspace.read('output/tiny.img')).toContain('HELLO')
  })

  it('of an earlier build is not preserved, because the store has it', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    await workspace.build('image')
    expect(readdirSync(workspace.path('output')).sort()).toEqual(['docs', 'other.txt', 'tiny.img'])
  })

  it('may be written to without changing the store', async () => {
    const workspace = built()
    const before = workspace.state('cache/objects')
    writeFileSync(workspace.path('output/tiny.img'), 'written over')
    expect(workspace.state('cache/objects')).toEqual(before)
    expect(statSync(workspace.path('output/tiny.img')).nlink).toBe(1)
  })
})

describe('a temporary file of a killed build beside an output', () => {
  const strays = ['output/tiny.img.tmp-17-0123abcd-1', 'output/docs/roster.txt.tmp-17-0123abcd-2']
  const others = ['output/tiny.img.tmp-mine', 'output/own.tmp-17-0123abcd-3']
  it.each([
    ['with nothing to do', () => {}],
    ['that publishes other outputs', (it: TestWorkspace) => it.write('note.txt', 'other\n')],
  ])('is removed by the next build, also by one %s', async (_, change) => {
    const workspace = built()
    change(workspace)
    for (const path of [...strays, ...others]) workspace.write(path, 'half')
    expect((await workspace.lbuild(...TINY_TARGETS)).code).toBe(0)
    expect(strays.filter((path) => workspace.exists(path))).toEqual([])
    expect(others.filter((path) => !workspace.exists(path))).toEqual([])
  })

  it('is not removed behind a link', async () => {
    const workspace = built()
    workspace.rename('output/docs', 'elsewhere')
    symlinkSync('../elsewhere', workspace.path('output/docs'))
    workspace.write('elsewhere/roster.txt.tmp-17-0123abcd-2', 'foreign')
    await workspace.lbuild('image', 'other')
    expect(workspace.read('elsewhere/roster.txt.tmp-17-0123abcd-2')).toBe('foreign')
  })
})

describe('after a loss or damage in the cache', () => {
  it('of all records, every artifact runs to identical outputs', async () => {
    const workspace = built()
    const before = workspace.read('output/tiny.img')
    workspace.remove('cache/records')
    const { ran, code } = await workspace.build(...TINY_TARGETS)
    expect([ran, code]).toEqual([['image', 'names', 'other', 'packed', 'roster'], 0])
    expect(workspace.read('output/tiny.img')).toBe(before)
  })

  it('of one record, only its artifact runs', async () => {
    const workspace = built()
    for (const name of readdirSync(workspace.path('cache/records/image')))
      truncateSync(workspace.path(`cache/records/image/${name}`), 100)
    expect((await workspace.build(...TINY_TARGETS)).ran).toEqual(['image'])
  })

  it('of index and graph, nothing runs', async () => {
    const workspace = built()
    workspace.remove('cache/index')
    workspace.write('cache/config/graph.json', 'damage')
    expect((await workspace.build(...TINY_TARGETS)).ran).toEqual([])
  })

  it('of compiled code, it is compiled again', async () => {
    const workspace = built()
    const [bundle] = readdirSync(workspace.path('cache/config')).filter((name) => name.endsWith('.mjs'))
    workspace.write('note.txt', 'noted\n')
    for (const damage of [
      () => workspace.edit(`cache/config/${bundle}`, 'copyFileSync', 'writeFileSync'),
      () => workspace.remove(`cache/config/${bundle}`),
    ]) {
      // A copy of a workspace compiles its config first.
      await workspace.verdicts()
      damage()
      expect((await workspace.build('other', '--force')).ran).toEqual(['other'])
      expect(workspace.read('output/other.txt')).toBe('noted\n')
    }
  })

  it('of an object that a producer reads, it is quarantined and reported, and its artifact runs first', async () => {
    const workspace = built()
    const before = workspace.read('output/tiny.img')
    flip(workspace, outputObject(workspace, 'packed'), 0)
    const { ran, code, stderr } = await workspace.build('image', '--force')
    expect([ran, code]).toEqual([['image', 'packed'], 0])
    expect(stderr).toContain('warning: a damaged object of the store was quarantined as')
    expect(workspace.read('output/tiny.img')).toBe(before)
  })

  it('of an object to restore, it is quarantined and reported, and its artifact runs', async () => {
    const workspace = built()
    const before = workspace.read('output/tiny.img')
    flip(workspace, outputObject(workspace, 'image'), 0)
    workspace.remove('output/tiny.img')
    const { code, ran, stderr } = await workspace.build('image')
    expect([code, ran]).toEqual([0, ['image']])
    expect(stderr).toContain('warning: a damaged object of the store was quarantined as')
    expect(
      readdirSync(workspace.path('cache/objects')).filter((name) => name.startsWith('damaged-')),
    ).toHaveLength(1)
    expect(workspace.read('output/tiny.img')).toBe(before)
  })
})
