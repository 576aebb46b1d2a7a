// Tests that the store contains exactly the bytes that were put into it, without sharing files and with holes.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256, sha256Hasher } from '../../src/platform/digest.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { copySparse } from '../../src/store/objects.ts'
import { publish } from '../../src/store/publish.ts'
import { objectsOf, storeDirectory } from './support/storeDirectory.ts'

const MIB = 1 << 20

describe('the object store', () => {
  it('adopts a file as a read-only object named by its SHA-256', () => {
    const { store, file, root } = storeDirectory()
    const path = file('made', 'content')
    const object = store.adopt(path)
    expect(object).toEqual({ sha256: sha256('content'), size: 7 })
    expect(fs.existsSync(path)).toBe(false)
    expect(fs.readFileSync(store.path(object.sha256), 'utf8')).toBe('content')
    expect(fs.statSync(store.path(object.sha256)).mode & 0o777).toBe(0o444)
    expect(store.has(object)).toBe(true)
    expect(objectsOf(root)).toHaveLength(1)
  })

  it('contains equal files once', () => {
    const { store, file, root } = storeDirectory()
    expect(store.adopt(file('one', 'content'))).toEqual(store.adopt(file('two', 'content')))
    expect(objectsOf(root)).toHaveLength(1)
  })

  it('does not have an object of the wrong size', () => {
    const { store, file } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    expect(store.has({ ...object, size: 6 })).toBe(false)
    fs.chmodSync(store.path(object.sha256), 0o644)
    fs.truncateSync(store.path(object.sha256), 3)
    expect(store.has(object)).toBe(false)
  })

  it('copies a file of others without sharing its inode', () => {
    const { store, file } = storeDirectory()
    const path = file('foreign', 'content')
    fs.linkSync(path, `${path}.other`)
    const object = store.copyIn(path)
    fs.writeFileSync(`${path}.other`, 'changed')
    expect(fs.readFileSync(store.path(object.sha256), 'utf8')).toBe('content')
  })

  it('returns a stored text, and undefined if it is missing or damaged', () => {
    const { store } = storeDirectory()
    const digest = store.putText('a listing')
    expect(store.putText('a listing')).toBe(digest)
    expect(store.readText(digest)).toBe('a listing')
    expect(store.readText(sha256('another'))).toBeUndefined()
    fs.chmodSync(store.path(digest), 0o644)
    fs.writeFileSync(store.path(digest), 'a lisping')
    expect(store.readText(digest)).toBeUndefined()
  })

  it('quarantines a damaged object when it is published, and leaves the output unchanged', () => {
    const { store, file, root } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    fs.chmodSync(store.path(object.sha256), 0o644)
    fs.writeFileSync(store.path(object.sha256), 'c0ntent')
    expect(store.has(object)).toBe(true)
    fs.mkdirSync(`${root}/output`)
    fs.writeFileSync(`${root}/output/x.img`, 'old')
    expect(() =>
      publish(realDisk, store, object, `${root}/output`, 'x.img', { replaced: undefined, checked: false }),
    ).toThrow('damaged')
    expect(store.has(object)).toBe(false)
    expect(fs.readFileSync(`${root}/output/x.img`, 'utf8')).toBe('old')
    expect(fs.readdirSync(`${root}/output`)).toEqual(['x.img'])
  })

  it('hashes a file of many chunks as a whole', () => {
    const { store, file } = storeDirectory()
    const content = Buffer.alloc(3 * MIB + 17, 'pattern')
    expect(store.adopt(file('large', content)).sha256).toBe(sha256(content))
  })
})

describe('a hole in a file', () => {
  it('takes no space, neither in the store nor in the output', () => {
    const { store, root } = storeDirectory()
    const path = `${root}/sparse`
    fs.writeFileSync(path, 'head')
    fs.truncateSync(path, 64 * MIB)
    const fd = fs.openSync(path, 'r+')
    fs.writeSync(fd, 'middle', 32 * MIB)
    fs.closeSync(fd)
    const content = fs.readFileSync(path)
    const object = store.copyIn(path)
    expect(object).toEqual({ sha256: sha256(content), size: 64 * MIB })
    publish(realDisk, store, object, `${root}/output`, 'sparse.img', { replaced: undefined, checked: false })
    for (const copy of [store.path(object.sha256), `${root}/output/sparse.img`]) {
      const { size, blocks } = fs.statSync(copy)
      expect(size).toBe(64 * MIB)
      expect(blocks * 512).toBeLessThanOrEqual(4 * MIB)
      expect(fs.readFileSync(copy).equals(content)).toBe(true)
    }
  })

  it('may end the file or be all of it', () => {
    const { root, file } = storeDirectory()
    for (const size of [0, 1, MIB - 1, MIB, 2 * MIB + 5]) {
      const hasher = sha256Hasher()
      const options = { mode: 0o644, durable: false, hasher }
      copySparse(realDisk, file('zeros', Buffer.alloc(size)), `${root}/copy-${size}`, options)
      expect(hasher.digest()).toBe(sha256(Buffer.alloc(size)))
      expect(fs.readFileSync(`${root}/copy-${size}`).equals(Buffer.alloc(size))).toBe(true)
    }
  })
})
