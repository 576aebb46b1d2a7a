// Tests that lbuild bears whatever producers leave behind, print and use up.
import * as fs from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { producerOwner } from '../../src/sandbox/namespaces.ts'
import { allEnded } from '../support/processes.ts'
import type { Built } from '../support/workspace.ts'
import { ordinaryUser } from '../support/ordinaryUser.ts'
import { TestWorkspace } from '../support/workspace.ts'
import { DAEMONS, EXCESSES, LEFTOVERS, OUTPUTS, RESULTS } from './support/abuses.ts'
import { abusing, buildAll, nameOf, reportOf } from './support/hostileProducers.ts'

const USER = ordinaryUser()
const isRoot = process.geteuid?.() === 0

const SETTINGS = [
  {
    setting: 'in the sandbox',
    abuses: [...OUTPUTS, ...RESULTS, ...LEFTOVERS, ...DAEMONS, ...EXCESSES],
    as: (one: TestWorkspace) => one,
    skipped: false,
  },
  {
    setting: 'of a user with subordinate ids',
    abuses: [...LEFTOVERS, ...DAEMONS, ...EXCESSES],
    as(one: TestWorkspace) {
      fs.chownSync(one.root, USER ?? 0, USER ?? 0)
      return one.asUser(USER ?? 0, USER ?? 0)
    },
    skipped: USER === undefined,
  },
  {
    setting: 'without namespaces',
    abuses: [...OUTPUTS, ...RESULTS, ...LEFTOVERS, ...DAEMONS],
    as: (one: TestWorkspace) => one.withoutNamespaces(),
    skipped: !isRoot,
  },
]

/** Control characters and characters that change the direction of text, which must not reach a terminal. */
// oxlint-disable-next-line no-control-regex
const UNPRINTABLE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/

describe.each(SETTINGS)('producers $setting', ({ abuses, as, skipped }) => {
  const root = TestWorkspace.lasting()
  let workspace: TestWorkspace
  let built: Built

  beforeAll(async () => {
    if (skipped) return
    workspace = as(abusing(abuses, root))
    built = await buildAll(workspace, abuses)
  })

  // Only `clean` removes everything that a failed run left, even directories that are too deep for Node.js.
  afterAll(async () => {
    if (skipped) return
    await workspace.succeed('clean', '--all', '--yes')
    expect(workspace.exists('cache/work')).toBe(false)
  })

  it.skipIf(skipped).each(abuses)('with $title is refused or contained', ({ title, failure, content }) => {
    const report = reportOf(built, { title })
    const output = `output/${nameOf({ title })}.txt`
    if (failure) {
      const { headline, facts } = report.failure ?? { headline: '', facts: [] }
      expect([headline, ...facts.map(([label, value]) => `${label}: ${value}`)].join('\n')).toMatch(failure)
      expect(JSON.stringify(report.failure).length).toBeLessThan(100_000)
      expect(workspace.exists(output)).toBe(false)
    } else {
      expect(report.failure).toBeUndefined()
      expect(workspace.read(output)).toMatch(content ?? /^$/)
      expect(fs.statSync(workspace.path(output)).mode & 0o7777).toBe(0o644)
      expect(fs.statSync(workspace.path(output)).uid).toBe(fs.statSync(root).uid)
    }
  })

  it.skipIf(skipped)('harms neither lbuild nor the outputs of others', async () => {
    expect(built.code).toBe(1)
    expect(built.stderr).not.toMatch(UNPRINTABLE)
    expect(built.stderr.length).toBeLessThan(500_000)
    expect(workspace.read('output/victim.txt')).toBe('untouched')
    await allEnded(root)
    const owners = [fs.statSync(root).uid, producerOwner()?.uid]
    const objects = fs.readdirSync(`${root}/cache/objects`, { recursive: true, withFileTypes: true })
    for (const object of objects.filter((entry) => entry.isFile())) {
      const { mode, uid } = fs.statSync(`${object.parentPath}/${object.name}`)
      expect(mode).toBe(0o100444)
      expect(owners).toContain(uid)
    }
    const succeeding = abuses.filter(({ failure }) => !failure).map(nameOf)
    expect((await workspace.build('victim', ...succeeding)).ran).toEqual([])
    expect((await workspace.lbuild('verify', 'victim', ...succeeding)).code).toBe(0)
  })
})
