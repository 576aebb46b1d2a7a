// Tests how work directories are made and removed.
import { chdir, cwd } from 'node:process'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import { discardWork, makeWorkDirectory, removeWork } from '../../src/sandbox/workDirectory.ts'
import { temporaryDirectory } from '../support/temporary.ts'

it('a run replaces the work directories of earlier runs of its name, and no other', () => {
  const cache = temporaryDirectory()
  const others = ['fetch.debs.lock', 'why.1', '20260102-030405-6.debs', 'notes.debs.lock']
  for (const name of ['20260102-030405-6.debs.lock', ...others])
    mkdirSync(`${cache}/work/${name}`, { recursive: true })
  makeWorkDirectory(realDisk, cache, '20260203-040506-7', 'debs.lock')
  expect(readdirSync(`${cache}/work`).sort()).toEqual(['20260203-040506-7.debs.lock', ...others].sort())
})

it('a work directory with paths longer than the kernel takes is removed', () => {
  const path = `${temporaryDirectory()}/work`
  const before = cwd()
  mkdirSync(path)
  chdir(path)
  // 500 names of 10 bytes: more than PATH_MAX, 4096 bytes.
  for (let depth = 0; depth < 500; depth += 1) {
    mkdirSync('directory')
    chdir('directory')
  }
  chdir(before)
  removeWork(realDisk, path)
  expect(existsSync(path)).toBe(false)
})

it('a work directory that cannot be removed stays, and the build goes on', () => {
  const path = `${temporaryDirectory()}/work`
  mkdirSync(path)
  for (const code of ['EBUSY', 'ENOTEMPTY', 'EIO', 'EROFS']) {
    const removeTree = (): never => {
      throw Object.assign(new Error(code), { code })
    }
    expect(() => discardWork({ ...realDisk, removeTree }, path)).not.toThrow()
    expect(() => removeWork({ ...realDisk, removeTree }, path)).toThrow(code)
  }
  expect(existsSync(path)).toBe(true)
})
