// Tests that objects and outputs are never partial files, whatever call of the disk fails.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { ObjectStore } from '../../src/store/objects.ts'
import { publish } from '../../src/store/publish.ts'
import { atEveryCall, FaultyDisk } from '../support/faultyDisk.ts'
import type { StoreDirectory } from './support/storeDirectory.ts'
import { objectsOf, storeDirectory } from './support/storeDirectory.ts'

describe.each(['crash', 'ENOSPC'] as const)('after a %s at any call of the disk,', (fault) => {
  const content = 'new '.repeat(10)

  it('an adopted object is complete or absent', () => {
    let at = storeDirectory()
    const calls = atEveryCall(
      fault,
      (disk) => {
        at = storeDirectory(disk)
        new ObjectStore(realDisk, `${at.root}/objects`).adopt(at.file('before', 'before'))
        at.store.adopt(at.file('made', content))
      },
      (completed, call) => {
        const complete = objectsOf(at.root)
        expect(complete.length, call).toBeGreaterThanOrEqual(1)
        const store = new ObjectStore(realDisk, `${at.root}/objects`)
        expect(store.has({ sha256: sha256('before'), size: 6 })).toBe(true)
        if (completed) expect(store.has({ sha256: sha256(content), size: content.length })).toBe(true)
        // The next run succeeds.
        store.adopt(at.file('made', content))
        expect(objectsOf(at.root)).toHaveLength(2)
      },
    )
    expect(calls).toBeGreaterThan(8)
  })

  it('a copied object and a text are complete or absent', () => {
    let at = storeDirectory()
    atEveryCall(
      fault,
      (disk) => {
        at = storeDirectory(disk)
        at.store.copyIn(at.file('foreign', content))
        at.store.putText('listing')
      },
      (completed, call) => {
        expect(objectsOf(at.root).length, call).toBeLessThanOrEqual(2)
        if (completed) expect(objectsOf(at.root)).toHaveLength(2)
        if (fault === 'ENOSPC' && fs.existsSync(`${at.root}/objects`))
          expect(
            fs
              .readdirSync(`${at.root}/objects`, { recursive: true, encoding: 'utf8' })
              .filter((name) => name.includes('.tmp-')),
            call,
          ).toEqual([])
      },
    )
  })

  it.each([false, true])(
    'an output is either the old version or the new one (the old one is preserved: %s)',
    (preserve) => {
      let at = storeDirectory()
      const output = (): string[] =>
        fs.existsSync(`${at.root}/output`) ? fs.readdirSync(`${at.root}/output`).sort() : []
      const read = (name: string): string => fs.readFileSync(`${at.root}/output/${name}`, 'utf8')
      const calls = atEveryCall(
        fault,
        (disk) => {
          at = storeDirectory()
          const object = at.store.adopt(at.file('made', content))
          fs.mkdirSync(`${at.root}/output`)
          fs.writeFileSync(`${at.root}/output/x.img`, 'old')
          publish(disk, new ObjectStore(disk, `${at.root}/objects`), object, `${at.root}/output`, 'x.img', {
            replaced: preserve ? undefined : realDisk.lstat(`${at.root}/output/x.img`),
            checked: false,
          })
        },
        (completed, call) => {
          const names = output().filter((name) => !name.includes('.tmp-'))
          if (fault === 'ENOSPC') expect(output(), call).toEqual(names)
          if (names.includes('x.img')) expect(['old', content], call).toContain(read('x.img'))
          // At every moment the preserved file has one of its two names.
          if (preserve)
            expect(read(names.includes('x.img.preserved-1') ? 'x.img.preserved-1' : 'x.img'), call).toBe(
              'old',
            )
          else expect(names, call).toEqual(['x.img'])
          if (completed) expect(read('x.img')).toBe(content)
          expect(objectsOf(at.root)).toHaveLength(1)
        },
      )
      expect(calls).toBeGreaterThan(8)
    },
  )
})

describe('a file is flushed before it is renamed into place, and its directory afterwards:', () => {
  const steps: Record<string, (disk: Disk, at: StoreDirectory) => void> = {
    'an adopted object': (_, { store, file }) => store.adopt(file('made', 'content')),
    'a copied object': (_, { store, file }) => store.copyIn(file('foreign', 'content')),
    'a text': (_, { store }) => store.putText('text'),
    'a checksummed file': (disk, { root }) =>
      writeChecksummed(disk, `${root}/checksummed.json`, 'kernel 7', { a: 1 }),
    'an output': (disk, { root, store, file }) => {
      const object = new ObjectStore(realDisk, `${root}/objects`).adopt(file('made', 'content'))
      publish(disk, store, object, `${root}/output`, 'x.img', { replaced: undefined, checked: false })
    },
  }
  it.each(Object.entries(steps))('%s', (_, step) => {
    const faulty = new FaultyDisk()
    step(faulty.disk, storeDirectory(faulty.disk))
    const renames = faulty.calls.flatMap((call, at) => {
      const match = /^rename (.*) → (.*)$/.exec(call)
      return match ? [{ at, from: match[1]!, to: match[2]! }] : []
    })
    expect(renames).toHaveLength(1)
    for (const { at, from, to } of renames) {
      const flushed = faulty.calls.indexOf(`fsync ${from}`)
      expect(flushed).toBeGreaterThanOrEqual(0)
      expect(flushed).toBeLessThan(at)
      expect(faulty.calls.slice(0, at).findLastIndex((call) => call === `write ${from}`)).toBeLessThan(
        flushed,
      )
      const directory = to.slice(0, to.lastIndexOf('/'))
      expect(faulty.calls.indexOf(`fsync ${directory}`)).toBeGreaterThan(at)
    }
  })
})
