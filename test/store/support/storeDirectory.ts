// A store in a directory of a test.
import * as fs from 'node:fs'
import { expect } from 'vitest'
import { sha256 } from '../../../src/platform/digest.ts'
import type { Disk } from '../../../src/platform/disk.ts'
import { realDisk } from '../../../src/platform/disk.ts'
import { ObjectStore } from '../../../src/store/objects.ts'
import { memoryDirectory } from '../../support/temporary.ts'

/** A directory with a store in `objects/`. */
export interface StoreDirectory {
  readonly root: string
  readonly store: ObjectStore
  /** Writes a file beside the store; returns its path. */
  file(name: string, content: string | Uint8Array): string
}

export function storeDirectory(disk: Disk = realDisk): StoreDirectory {
  const root = memoryDirectory()
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

/** The objects of a store, each checked: its name must be the SHA-256 of its content. */
export function objectsOf(root: string): string[] {
  if (!fs.existsSync(`${root}/objects`)) return []
  return fs.readdirSync(`${root}/objects`, { recursive: true, encoding: 'utf8' }).filter((name) => {
    const path = `${root}/objects/${name}`
    if (fs.statSync(path).isDirectory() || name.includes('.tmp-')) return false
    expect(name.replace('/', '')).toBe(sha256(fs.readFileSync(path)))
    return true
  })
}
