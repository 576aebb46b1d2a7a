// The members of an initramfs that come from a directory.
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packInitramfs, treeMembers } from '../../src/images/initramfs.ts'
import { EPOCH, plant, run, temporary } from '../support/images.ts'

test('takes files, links and empty directories of a tree, in the order of their paths', async () => {
  const tree = await plant(await temporary(), {
    init: '#!/bin/sh',
    'etc/motd': 'hello',
    'etc/rc.d/one': '',
    'bin/sh': { to: 'busybox' },
    'etc-more': '',
  })
  await chmod(join(tree, 'init'), 0o700)
  await chmod(join(tree, 'etc/motd'), 0o640)
  await mkdir(join(tree, 'var/empty'), { recursive: true })
  const members = await treeMembers(tree)
  expect(members.map(({ path, type, mode }) => [path, type, mode])).toEqual([
    ['bin/sh', 'symlink', 0o777],
    ['etc-more', 'file', 0o644],
    ['etc/motd', 'file', 0o644],
    ['etc/rc.d/one', 'file', 0o644],
    ['init', 'file', 0o755],
    ['var/empty', 'directory', 0o755],
  ])
  expect(members[0]).toMatchObject({ target: 'busybox' })
  expect(members[4]).toMatchObject({ data: Buffer.from('#!/bin/sh') })
  expect(packInitramfs(members, EPOCH).length % 512).toBe(0)
})

test('rejects what is neither a file, a link nor a directory', async () => {
  const tree = await temporary()
  await run('mkfifo', [join(tree, 'pipe')])
  await expect(treeMembers(tree)).rejects.toThrow("'pipe' is neither a file, a symlink nor a directory")
})
