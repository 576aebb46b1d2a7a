import { describe, expect, it } from 'vitest'
import * as fs from 'node:fs'
import { sha256, sha256Hasher } from '../../src/platform/digest.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { copySparse, ObjectStore } from '../../src/store/objects.ts'
import { publish, strayTemporaries } from '../../src/store/publish.ts'
import { atEveryCall, FaultyDisk } from '../support/faultyDisk.ts'
import { temporaryDirectory } from '../support/temporary.ts'

const MIB = 1 << 20

interface Place {
  readonly root: string
  readonly store: ObjectStore
  file(name: string, content: string | Uint8Array): string
}

function place(disk: Disk = realDisk): Place {
  const root = temporaryDirectory()
  const store = new ObjectStore(disk, `${root}/objects`)
  return {
    root,
    store,
    file(name, content) {
      fs.writeFileSync(`${root}/${name}`, content)
      return `${root}/${name}`
    },
  }
}

/** Every object of a store: its name must be the SHA-256 of its content. */
function objectsOf(root: string): string[] {
  if (!fs.existsSync(`${root}/objects`)) return []
  return fs.readdirSync(`${root}/objects`, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = `${root}/objects/${name}`
    if (fs.statSync(path).isDirectory() || name.includes('.tmp-')) return false
    expect(name.replace('/', '')).toBe(sha256(fs.readFileSync(path)))
    return true
  })
}

describe('the object store', () => {
  it('takes a file over under its SHA-256, read-only', () => {
    const { store, file, root } = place()
    const path = file('made', 'content')
    const object = store.adopt(path)
    expect(object).toEqual({ sha256: sha256('content'), size: 7 })
    expect(fs.existsSync(path)).toBe(false)
    expect(fs.readFileSync(store.path(object.sha256), 'utf8')).toBe('content')
    expect(fs.statSync(store.path(object.sha256)).mode & 0o777).toBe(0o444)
    expect(store.has(object)).toBe(true)
    expect(objectsOf(root)).toHaveLength(1)
  })

  it('takes the same content twice', () => {
    const { store, file, root } = place()
    expect(store.adopt(file('one', 'content'))).toEqual(store.adopt(file('two', 'content')))
    expect(objectsOf(root)).toHaveLength(1)
  })

  it('has no object of another size, and no directory', () => {
    const { store, file } = place()
    const object = store.adopt(file('made', 'content'))
    expect(store.has({ ...object, size: 6 })).toBe(false)
    fs.chmodSync(store.path(object.sha256), 0o644)
    fs.truncateSync(store.path(object.sha256), 3)
    expect(store.has(object)).toBe(false)
  })

  it('a copy leaves what is not ours where it is, and shares nothing with it', () => {
    const { store, file } = place()
    const path = file('theirs', 'content')
    fs.linkSync(path, `${path}.other`)
    const object = store.copyIn(path)
    fs.writeFileSync(`${path}.other`, 'changed')
    expect(fs.readFileSync(store.path(object.sha256), 'utf8')).toBe('content')
  })

  it('keeps texts, and gives a damaged one as none', () => {
    const { store } = place()
    const digest = store.putText('a listing')
    expect(store.putText('a listing')).toBe(digest)
    expect(store.readText(digest)).toBe('a listing')
    expect(store.readText(sha256('another'))).toBeUndefined()
    fs.chmodSync(store.path(digest), 0o644)
    fs.writeFileSync(store.path(digest), 'a lisping')
    expect(store.readText(digest)).toBeUndefined()
  })

  it('puts a damaged object aside, so that it is absent from then on, and publishes nothing of it', () => {
    const { store, file, root } = place()
    const object = store.adopt(file('made', 'content'))
    fs.chmodSync(store.path(object.sha256), 0o644)
    fs.writeFileSync(store.path(object.sha256), 'c0ntent')
    expect(store.has(object)).toBe(true)
    fs.mkdirSync(`${root}/output`)
    fs.writeFileSync(`${root}/output/x.img`, 'old')
    expect(() =>
      publish(realDisk, store, object, `${root}/output`, 'x.img', { keep: false, checked: false }),
    ).toThrow('damaged')
    expect(store.has(object)).toBe(false)
    expect(fs.readFileSync(`${root}/output/x.img`, 'utf8')).toBe('old')
    expect(fs.readdirSync(`${root}/output`)).toEqual(['x.img'])
  })

  it('streams: a file of many chunks has the digest of all of it', () => {
    const { store, file } = place()
    const content = Buffer.alloc(3 * MIB + 17, 'pattern')
    expect(store.adopt(file('large', content)).sha256).toBe(sha256(content))
  })
})

describe('holes stay holes', () => {
  it('into the store and out of it: the size is that of the file, the space is not', () => {
    const { store, root } = place()
    const path = `${root}/sparse`
    fs.writeFileSync(path, 'head')
    fs.truncateSync(path, 64 * MIB)
    const fd = fs.openSync(path, 'r+')
    fs.writeSync(fd, 'middle', 32 * MIB)
    fs.closeSync(fd)
    const content = fs.readFileSync(path)
    const object = store.copyIn(path)
    expect(object).toEqual({ sha256: sha256(content), size: 64 * MIB })
    publish(realDisk, store, object, `${root}/output`, 'sparse.img', { keep: false, checked: false })
    for (const copy of [store.path(object.sha256), `${root}/output/sparse.img`]) {
      const { size, blocks } = fs.statSync(copy)
      expect(size).toBe(64 * MIB)
      expect(blocks * 512).toBeLessThanOrEqual(4 * MIB)
      expect(fs.readFileSync(copy).equals(content)).toBe(true)
    }
  })

  it('also at the end, and in a file that is nothing else', () => {
    const { root, file } = place()
    for (const size of [0, 1, MIB - 1, MIB, 2 * MIB + 5]) {
      const hasher = sha256Hasher()
      const options = { mode: 0o644, durable: false, hasher }
      copySparse(realDisk, file('zeros', Buffer.alloc(size)), `${root}/copy-${size}`, options)
      expect(hasher.digest()).toBe(sha256(Buffer.alloc(size)))
      expect(fs.readFileSync(`${root}/copy-${size}`).equals(Buffer.alloc(size))).toBe(true)
    }
  })
})

describe('publishing', () => {
  it('finds the temporaries that a killed process left beside the output, and no other file', () => {
    const { root } = place()
    fs.mkdirSync(`${root}/output`)
    for (const name of ['x.img.tmp-12-00ff00ff-3', 'x.img.tmp-mine', 'y.img.tmp-12-00ff00ff-3'])
      fs.writeFileSync(`${root}/output/${name}`, '')
    expect(strayTemporaries(realDisk, `${root}/output`, ['x.img'])).toEqual([
      `${root}/output/x.img.tmp-12-00ff00ff-3`,
    ])
  })

  it('makes directories, and puts the output there with mode 0644', () => {
    const { store, file, root } = place()
    const object = store.adopt(file('made', 'content'))
    expect(
      publish(realDisk, store, object, `${root}/output`, 'a/b/x.img', { keep: false, checked: false }).aside,
    ).toBeUndefined()
    expect(fs.readFileSync(`${root}/output/a/b/x.img`, 'utf8')).toBe('content')
    expect(fs.statSync(`${root}/output/a/b/x.img`).mode & 0o777).toBe(0o644)
  })

  it('never shares an inode with the store: writing to an output leaves the object as it is', () => {
    const { store, file, root } = place()
    const object = store.adopt(file('made', 'content'))
    publish(realDisk, store, object, `${root}/output`, 'x.img', { keep: false, checked: false })
    expect(fs.statSync(`${root}/output/x.img`).ino).not.toBe(fs.statSync(store.path(object.sha256)).ino)
    expect(fs.statSync(store.path(object.sha256)).nlink).toBe(1)
    fs.writeFileSync(`${root}/output/x.img`, 'CONTENT')
    expect(objectsOf(root)).toHaveLength(1)
  })

  it('keeps aside what is not to be lost, each time under a new name', () => {
    const { store, file, root } = place()
    const object = store.adopt(file('made', 'content'))
    fs.mkdirSync(`${root}/output`)
    for (const number of [1, 2]) {
      fs.writeFileSync(`${root}/output/x.img`, `changed ${number}`)
      const { aside } = publish(realDisk, store, object, `${root}/output`, 'x.img', {
        keep: true,
        checked: false,
      })
      expect(aside).toBe(`${root}/output/x.img.kept-${number}`)
      expect(fs.readFileSync(aside!, 'utf8')).toBe(`changed ${number}`)
      expect(fs.readFileSync(`${root}/output/x.img`, 'utf8')).toBe('content')
    }
  })

  it('keeps a directory aside, too', () => {
    const { store, file, root } = place()
    const object = store.adopt(file('made', 'content'))
    fs.mkdirSync(`${root}/output/x.img/sub`, { recursive: true })
    publish(realDisk, store, object, `${root}/output`, 'x.img', { keep: true, checked: false })
    expect(fs.readdirSync(`${root}/output`).sort()).toEqual(['x.img', 'x.img.kept-1'])
    expect(fs.existsSync(`${root}/output/x.img.kept-1/sub`)).toBe(true)
  })

  it('does not go through a link or a file in the place of a directory', () => {
    const { store, file, root } = place()
    const object = store.adopt(file('made', 'content'))
    fs.mkdirSync(`${root}/output`)
    fs.mkdirSync(`${root}/elsewhere`)
    fs.symlinkSync(`${root}/elsewhere`, `${root}/output/a`)
    expect(() =>
      publish(realDisk, store, object, `${root}/output`, 'a/x.img', { keep: false, checked: false }),
    ).toThrow('is not a directory')
    expect(fs.readdirSync(`${root}/elsewhere`)).toEqual([])
  })
})

describe.each(['crash', 'ENOSPC'] as const)('after a %s at any call of the disk', (fault) => {
  const content = 'new '.repeat(10)

  it('an object is whole or absent: taken over', () => {
    let at = place()
    const calls = atEveryCall(
      fault,
      (disk) => {
        at = place(disk)
        new ObjectStore(realDisk, `${at.root}/objects`).adopt(at.file('before', 'before'))
        at.store.adopt(at.file('made', content))
      },
      (completed, call) => {
        const whole = objectsOf(at.root)
        expect(whole.length, call).toBeGreaterThanOrEqual(1)
        const store = new ObjectStore(realDisk, `${at.root}/objects`)
        expect(store.has({ sha256: sha256('before'), size: 6 })).toBe(true)
        if (completed) expect(store.has({ sha256: sha256(content), size: content.length })).toBe(true)
        // The next run does it.
        store.adopt(at.file('made', content))
        expect(objectsOf(at.root)).toHaveLength(2)
      },
    )
    expect(calls).toBeGreaterThan(8)
  })

  it('an object is whole or absent: copied, and a text', () => {
    let at = place()
    atEveryCall(
      fault,
      (disk) => {
        at = place(disk)
        at.store.copyIn(at.file('theirs', content))
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

  it.each([false, true])('an output is the old one or the new one (kept aside: %s)', (keep) => {
    let at = place()
    const output = (): string[] =>
      fs.existsSync(`${at.root}/output`) ? fs.readdirSync(`${at.root}/output`).sort() : []
    const read = (name: string): string => fs.readFileSync(`${at.root}/output/${name}`, 'utf8')
    const calls = atEveryCall(
      fault,
      (disk) => {
        at = place()
        const object = at.store.adopt(at.file('made', content))
        fs.mkdirSync(`${at.root}/output`)
        fs.writeFileSync(`${at.root}/output/x.img`, 'old')
        publish(disk, new ObjectStore(disk, `${at.root}/objects`), object, `${at.root}/output`, 'x.img', {
          keep,
          checked: false,
        })
      },
      (completed, call) => {
        const names = output().filter((name) => !name.includes('.tmp-'))
        if (fault === 'ENOSPC') expect(output(), call).toEqual(names)
        if (names.includes('x.img')) expect(['old', content], call).toContain(read('x.img'))
        // What is kept is there under one of its two names at every moment.
        if (keep) expect(read(names.includes('x.img.kept-1') ? 'x.img.kept-1' : 'x.img'), call).toBe('old')
        else expect(names, call).toEqual(['x.img'])
        if (completed) expect(read('x.img')).toBe(content)
        expect(objectsOf(at.root)).toHaveLength(1)
      },
    )
    expect(calls).toBeGreaterThan(8)
  })
})

describe('what is renamed into place was flushed before, and its directory is flushed after', () => {
  const steps: Record<string, (disk: Disk, at: Place) => void> = {
    'an object that is taken over': (_, { store, file }) => store.adopt(file('made', 'content')),
    'an object that is copied': (_, { store, file }) => store.copyIn(file('theirs', 'content')),
    'a text': (_, { store }) => store.putText('text'),
    'a sealed file': (disk, { root }) => writeChecksummed(disk, `${root}/sealed.json`, { a: 1 }),
    'an output': (disk, { root, store, file }) => {
      const object = new ObjectStore(realDisk, `${root}/objects`).adopt(file('made', 'content'))
      publish(disk, store, object, `${root}/output`, 'x.img', { keep: false, checked: false })
    },
  }
  it.each(Object.entries(steps))('%s', (_, step) => {
    const faulty = new FaultyDisk()
    step(faulty.disk, place(faulty.disk))
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
