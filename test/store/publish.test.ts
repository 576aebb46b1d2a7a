// Tests that publishing copies an object to its output path and never destroys a modified output.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import { publish, strayTemporaries } from '../../src/store/publish.ts'
import { objectsOf, storeDirectory } from './support/storeDirectory.ts'

describe('publishing', () => {
  it('finds the temporary files that a killed process left beside the output, and no other file', () => {
    const { root } = storeDirectory()
    fs.mkdirSync(`${root}/output`)
    for (const name of ['x.img.tmp-12-00ff00ff-3', 'x.img.tmp-mine', 'y.img.tmp-12-00ff00ff-3'])
      fs.writeFileSync(`${root}/output/${name}`, '')
    expect(strayTemporaries(realDisk, `${root}/output`, ['x.img'])).toEqual([
      `${root}/output/x.img.tmp-12-00ff00ff-3`,
    ])
  })

  it('creates missing directories, and gives the output mode 0644', () => {
    const { store, file, root } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    expect(
      publish(realDisk, store, object, `${root}/output`, 'a/b/x.img', { replaced: undefined, checked: false })
        .preservedAs,
    ).toBeUndefined()
    expect(fs.readFileSync(`${root}/output/a/b/x.img`, 'utf8')).toBe('content')
    expect(fs.statSync(`${root}/output/a/b/x.img`).mode & 0o777).toBe(0o644)
  })

  it('shares no inode with the store: writing to an output does not change the object', () => {
    const { store, file, root } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    publish(realDisk, store, object, `${root}/output`, 'x.img', { replaced: undefined, checked: false })
    expect(fs.statSync(`${root}/output/x.img`).ino).not.toBe(fs.statSync(store.path(object.sha256)).ino)
    expect(fs.statSync(store.path(object.sha256)).nlink).toBe(1)
    fs.writeFileSync(`${root}/output/x.img`, 'CONTENT')
    expect(objectsOf(root)).toHaveLength(1)
  })

  it('preserves a modified output under a new name each time', () => {
    const { store, file, root } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    fs.mkdirSync(`${root}/output`)
    for (const number of [1, 2]) {
      fs.writeFileSync(`${root}/output/x.img`, `changed ${number}`)
      const { preservedAs } = publish(realDisk, store, object, `${root}/output`, 'x.img', {
        replaced: undefined,
        checked: false,
      })
      expect(preservedAs).toBe(`${root}/output/x.img.preserved-${number}`)
      expect(fs.readFileSync(preservedAs!, 'utf8')).toBe(`changed ${number}`)
      expect(fs.readFileSync(`${root}/output/x.img`, 'utf8')).toBe('content')
    }
  })

  it('preserves a directory at the path of the output', () => {
    const { store, file, root } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    fs.mkdirSync(`${root}/output/x.img/sub`, { recursive: true })
    publish(realDisk, store, object, `${root}/output`, 'x.img', { replaced: undefined, checked: false })
    expect(fs.readdirSync(`${root}/output`).sort()).toEqual(['x.img', 'x.img.preserved-1'])
    expect(fs.existsSync(`${root}/output/x.img.preserved-1/sub`)).toBe(true)
  })

  it('rejects a symlink in place of a directory, and writes nothing behind it', () => {
    const { store, file, root } = storeDirectory()
    const object = store.adopt(file('made', 'content'))
    fs.mkdirSync(`${root}/output`)
    fs.mkdirSync(`${root}/elsewhere`)
    fs.symlinkSync(`${root}/elsewhere`, `${root}/output/a`)
    expect(() =>
      publish(realDisk, store, object, `${root}/output`, 'a/x.img', { replaced: undefined, checked: false }),
    ).toThrow('is not a directory')
    expect(fs.readdirSync(`${root}/elsewhere`)).toEqual([])
  })
})
