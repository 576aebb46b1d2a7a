// Tests that a build keeps the store within the limits of build.config.ts.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { bytes } from '../../src/platform/units.ts'
import { contents } from '../support/contents.ts'
import { build, builtOf, gc, NOTE, storeSize, textSizes } from '../support/notes.ts'
import { builtTiny, TINY_TARGETS } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'

describe('after a build that ran a producer', () => {
  /** A workspace with two builds, whose store may hold exactly this many builds. */
  const limited = async (builds: number): Promise<TestWorkspace> => {
    const workspace = await builtOf('one', 'two')
    const maxSize = `store: { maxSize: '${storeSize(workspace, builds)}' }`
    workspace.edit('build.config.ts', '[base, image]', `[base, image], ${maxSize}`)
    return workspace
  }

  it('the store is collected down to its limit, and one line reports that', async () => {
    const workspace = await limited(2)
    const { stderr, code } = await build(workspace, 'three')
    expect(code).toBe(0)
    // The output and the source texts of the oldest build.
    const size = NOTE + textSizes(workspace).base
    expect(stderr).toContain(`\nremoved  2 old records and 2 objects from the store, ${bytes(size)}\n`)
    expect(contents(workspace)).toEqual({ outputs: 2, listings: 0, texts: 3, others: 0 })
    const log = fs.readdirSync(workspace.path('cache/log')).sort().at(-1)!
    expect(workspace.read(`cache/log/${log}`)).toContain(
      `"type":"collected","records":2,"objects":2,"bytes":${size}`,
    )
    expect((await build(workspace, 'two')).restored).toEqual(['base', 'image'])
  })

  it('the store is not collected while it is within its limit, nor after a build that ran nothing', async () => {
    const workspace = await limited(3)
    expect((await build(workspace, 'three')).stderr).not.toContain('collected')
    workspace.edit('build.config.ts', `'${storeSize(workspace, 3)}'`, `'1'`)
    expect((await build(workspace, 'two')).stderr).not.toContain('collected')
    expect(contents(workspace)).toEqual({ outputs: 3, listings: 0, texts: 4, others: 0 })
  })

  it('a failed collection is only a warning', async () => {
    const workspace = await limited(0)
    workspace.edit('build.config.ts', `'lbuild'`, `'lbuild'\nimport { lockfile } from 'lbuild'`)
    workspace.edit(
      'build.config.ts',
      '[base, image]',
      `[base, image, lockfile('l', { path: 'l.lock', inputs: {}, tools: [], resolve: () => [], mirrors: () => [] })]`,
    )
    workspace.write('l.lock', 'merge conflict')
    const { code, stderr, ran } = await build(workspace, 'three')
    expect([code, ran]).toEqual([0, ['base', 'image']])
    expect(stderr).toContain('warning: the store was not collected: cannot read the lockfile')
  })
})

describe('the limits in build.config.ts', () => {
  const built = builtTiny()

  it('do not affect keys', async () => {
    const workspace = built()
    workspace.edit('build.config.ts', 'other] })', `other], store: { keep: 3, maxSize: '5M' } })`)
    expect((await workspace.lbuild('status', '--check')).code).toBe(0)
    expect(await gc(workspace, '-n')).toMatchObject({ limits: { keep: 3, maxSize: 5 * 2 ** 20 } })
  })

  it('are 10 records per artifact and 20G by default', async () => {
    expect(await gc(built(), '-n')).toMatchObject({ limits: { keep: 10, maxSize: 20 * 2 ** 30 } })
  })

  it.each([
    ['{ keep: 0 }', 'store.keep', 'must be a whole number of at least 1'],
    ['{ keep: 1.5 }', 'store.keep', 'must be a whole number of at least 1'],
    [`{ maxSize: '20X' }`, 'store.maxSize', `cannot read the size '20X'`],
    [`{ maxSize: true }`, 'store.maxSize', `must be a size such as '20G'`],
    [`{ maxsize: '20G' }`, 'store.maxsize', ''],
  ])('are rejected if invalid: %s', async (store, place, reason) => {
    const workspace = built()
    workspace.edit('build.config.ts', 'other] })', `other], store: ${store} })`)
    const { code, stderr } = await workspace.lbuild(...TINY_TARGETS)
    expect(stderr).toContain('invalid declaration of build.config.ts')
    expect(stderr).toContain(`${place}: ${reason}`)
    expect(code).toBe(2)
  })
})
