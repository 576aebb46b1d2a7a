// Writing the files of a new distro on a disk that fails.
import * as fs from 'node:fs'
import { expect, it } from 'vitest'
import { writeFiles } from '../../src/cli/init/writeFiles.ts'
import { Failure } from '../../src/platform/failure.ts'
import { FaultyDisk } from '../support/faultyDisk.ts'
import { memoryDirectory } from '../support/temporary.ts'

const FILES = [
  { path: 'a/one', text: 'one', executable: false },
  { path: 'two', text: 'two', executable: true },
]

const CHANGING = new Set(['mkdir', 'open', 'write', 'fsync', 'close', 'unlink'] as const)

/** The files below a directory, with their contents. */
const contents = (root: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    FILES.flatMap(({ path }) =>
      fs.existsSync(`${root}/${path}`) ? [[path, fs.readFileSync(`${root}/${path}`, 'utf8')]] : [],
    ),
  )

it.each(['ENOSPC', 'EROFS', 'EIO'] as const)(
  'leaves no partial file after %s at any call, and completes the files afterwards',
  (fault) => {
    const all = { 'a/one': 'one', two: 'two' }
    const { disk, calls } = new FaultyDisk(Number.POSITIVE_INFINITY, fault, CHANGING)
    writeFiles(disk, memoryDirectory(), FILES)
    expect(calls).toHaveLength(10)
    for (let at = 1; at <= calls.length; at += 1) {
      const root = memoryDirectory()
      const attempt = (): unknown => writeFiles(new FaultyDisk(at, fault, CHANGING).disk, root, FILES)
      expect(attempt).toThrow(fault === 'EIO' ? /EIO/ : Failure)
      expect(all).toMatchObject(contents(root))
      writeFiles(new FaultyDisk().disk, root, FILES)
      expect(contents(root)).toEqual(all)
    }
  },
)

it('keeps a file that another process creates meanwhile', () => {
  const root = memoryDirectory()
  const { disk } = new FaultyDisk()
  const racing: typeof disk = {
    ...disk,
    lstat: (path) => disk.lstat(path),
    stat: (path) => disk.stat(path),
    mkdir: (path) => disk.mkdir(path),
    open(path, flags, mode) {
      fs.writeFileSync(`${root}/two`, 'mine')
      return disk.open(path, flags, mode)
    },
  }
  expect(writeFiles(racing, root, FILES.slice(1))).toEqual({ created: [], kept: ['two'] })
  expect(fs.readFileSync(`${root}/two`, 'utf8')).toBe('mine')
})
