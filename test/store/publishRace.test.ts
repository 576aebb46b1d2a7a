// Tests that no change of an output is lost, at whatever moment of publishing or removing it is made.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { publish, unpublish } from '../../src/store/publish.ts'
import { ObjectStore } from '../../src/store/objects.ts'
import { DiskError } from '../support/faultyDisk.ts'
import { objectsOf, storeDirectory } from './support/storeDirectory.ts'

/** The real disk that calls `before` with the number, from 1, and the text of each call. */
function observedDisk(before: (number: number, call: string) => void): { disk: Disk; calls: () => number } {
  let calls = 0
  const disk = new Proxy(realDisk, {
    get:
      (target, name: keyof Disk) =>
      (...args: unknown[]) => {
        before((calls += 1), [name, ...args.map(String)].join(' '))
        return (target[name] as (...args: unknown[]) => unknown)(...args)
      },
  })
  return { disk, calls: () => calls }
}

type Edit = (path: string) => void

/** Each writes `an edit` to the file in its own way. */
const EDITS: Readonly<Record<string, Edit>> = {
  'is overwritten in place': (path) => fs.writeFileSync(path, 'an edit'),
  'gets a longer content': (path) => fs.appendFileSync(path, ' and an edit'),
  'is overwritten and gets its old time back': (path) => {
    const { atime, mtime } = fs.statSync(path)
    fs.writeFileSync(path, 'an edit')
    fs.utimesSync(path, atime, new Date(mtime.getTime() + 1))
  },
  'is replaced by another file': (path) => {
    fs.writeFileSync(`${path}.saved`, 'an edit')
    fs.renameSync(`${path}.saved`, path)
  },
}

/** Contents of all files in `output/`. */
const outputs = (root: string): readonly string[] =>
  fs.readdirSync(`${root}/output`).map((name) => fs.readFileSync(`${root}/output/${name}`, 'utf8'))

describe.each(Object.entries(EDITS))('an output that %s', (_, edit) => {
  /** Publishes a new version over a stored one, with the edit before one call; returns whether it was made. */
  function publishWithEdit(at: number): { root: string; edited: boolean } {
    const { root, store, file } = storeDirectory()
    const object = store.adopt(file('made', 'new'))
    const place = `${root}/output/x.img`
    fs.mkdirSync(`${root}/output`)
    fs.writeFileSync(place, 'old')
    const replaced = realDisk.lstat(place)
    let edited = false
    const { disk } = observedDisk((number, call) => {
      // Node.js cannot exchange two files atomically, so a file that is swapped in just before the rename is lost.
      const isLast = call.startsWith('rename ') && edit === EDITS['is replaced by another file']
      if (number !== at || isLast || fs.readFileSync(place, 'utf8') === 'new') return
      edit(place)
      edited = true
    })
    publish(disk, new ObjectStore(disk, `${root}/objects`), object, `${root}/output`, 'x.img', {
      replaced,
      checked: false,
    })
    return { root, edited }
  }

  it('before any call of the disk is preserved, and the new version is published', () => {
    let edits = 0
    for (let at = 1; at < 30; at += 1) {
      const { root, edited } = publishWithEdit(at)
      edits += Number(edited)
      expect(fs.readFileSync(`${root}/output/x.img`, 'utf8')).toBe('new')
      const others = outputs(root).filter((content) => content !== 'new')
      expect(others, `call ${at}`).toHaveLength(edited ? 1 : 0)
      if (edited) expect(others[0], `call ${at}`).toContain('an edit')
    }
    expect(edits).toBeGreaterThan(8)
  })
})

describe('without hard links', () => {
  it('an output that changes before the last check is preserved', () => {
    const { root, store, file } = storeDirectory()
    const object = store.adopt(file('made', 'new'))
    const place = `${root}/output/machine.raw`
    fs.mkdirSync(`${root}/output`)
    fs.writeFileSync(place, 'old')
    const replaced = realDisk.lstat(place)
    const { disk } = observedDisk((_, call) => {
      if (call.startsWith('link ')) throw new DiskError('EPERM', 'link')
      if (call.startsWith('fsync ') && fs.readFileSync(place, 'utf8') === 'old')
        fs.writeFileSync(place, 'used')
    })
    const observed = new ObjectStore(disk, `${root}/objects`)
    const { preservedAs } = publish(disk, observed, object, `${root}/output`, 'machine.raw', {
      replaced,
      checked: true,
    })
    expect(fs.readFileSync(preservedAs!, 'utf8')).toBe('used')
    expect(fs.readFileSync(place, 'utf8')).toBe('new')
  })
})

describe('removing an output', () => {
  it('that changes at any call of the disk leaves the changed file at its path', () => {
    let edits = 0
    for (let at = 1; at < 20; at += 1) {
      const { root, store, file } = storeDirectory()
      store.adopt(file('made', 'built'))
      const place = `${root}/initramfs.cpio`
      fs.writeFileSync(place, 'built')
      let edited = false
      const { disk } = observedDisk((number) => {
        if (number !== at || !fs.existsSync(place)) return
        fs.writeFileSync(place, 'edited by hand')
        edited = true
      })
      const removed = unpublish(disk, new ObjectStore(disk, `${root}/objects`), place)
      expect(removed, `call ${at}`).toBe(!edited)
      edits += Number(edited)
      if (edited) expect(fs.readFileSync(place, 'utf8')).toBe('edited by hand')
      else expect(fs.existsSync(place)).toBe(false)
      expect(fs.readdirSync(root).filter((name) => name.includes('.tmp-'))).toEqual([])
      expect(objectsOf(root)).toHaveLength(1)
    }
    expect(edits).toBeGreaterThan(3)
  })
})
