// Tests which directories the work directory of a run replaces.
import { mkdirSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import { makeWorkDirectory } from '../../src/sandbox/workDirectory.ts'
import { temporaryDirectory } from '../support/temporary.ts'

it('a run replaces the work directories of earlier runs of its name, and no other', () => {
  const cache = temporaryDirectory()
  const others = ['fetch.debs.lock', 'why.1', '20260102-030405-6.debs', 'notes.debs.lock']
  for (const name of ['20260102-030405-6.debs.lock', ...others])
    mkdirSync(`${cache}/work/${name}`, { recursive: true })
  makeWorkDirectory(realDisk, cache, '20260203-040506-7', 'debs.lock')
  expect(readdirSync(`${cache}/work`).sort()).toEqual(['20260203-040506-7.debs.lock', ...others].sort())
})
