// Tests of the settings of a system: its files, identity, accounts and permissions.
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseUsers, setAccounts } from '../../src/images/accounts.ts'
import { setIdentity } from '../../src/images/hostIdentity.ts'
import { Layer } from '../../src/images/layer.ts'
import { addTree } from '../../src/images/layerTree.ts'
import { setPermissions } from '../../src/images/permissions.ts'
import { EPOCH, manifestOf, plant, run, temporary } from '../support/images.ts'

const BASE = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n',
  '/etc/group': 'root:x:0:\nsudo:x:27:\n',
  '/etc/shadow': 'root:*:1:0:99999:7:::\n',
  '/etc/gshadow': 'root:*::\nsudo:*::\n',
  '/etc/skel/.bashrc': 'PS1=x\n',
  '/etc/hostname': 'builder\n',
  '/home/x': '',
  '/usr/lib/x': '',
  '/lib': { to: 'usr/lib' },
}

const layer = () => new Layer(manifestOf(BASE))

test('copies a tree with executable bits and links, and resolves its paths inside the image', async () => {
  const tree = await plant(await temporary(), {
    'etc/motd': 'hello\n',
    'lib/tool': '#!/bin/sh\n',
    'etc/link': { to: '../nowhere' },
    'with space/ümlaut\n': 'x',
  })
  await run('mkdir', [join(tree, 'empty')])
  await chmod(join(tree, 'lib/tool'), 0o700)
  const into = layer()
  await addTree(into, tree)
  expect(into.lookup('/etc/motd')).toMatchObject({ type: 'file', mode: 0o644, uid: 0, gid: 0 })
  expect(into.lookup('/usr/lib/tool')).toMatchObject({ mode: 0o755 })
  expect(into.lookup('/etc/link')).toMatchObject({ type: 'symlink', target: '../nowhere' })
  expect(into.lookup('/with space/ümlaut\n')).toBeDefined()
  expect(into.lookup('/empty')).toMatchObject({ type: 'directory', mode: 0o755 })
})

test('rejects a FIFO and a name that is not UTF-8', async () => {
  const fifo = await temporary()
  await run('mkfifo', [join(fifo, 'pipe')])
  await expect(addTree(layer(), fifo)).rejects.toThrow('is not a file, directory or link')
  const odd = await temporary()
  await run('python3', ['-c', "import os, sys; open(os.fsencode(sys.argv[1]) + b'/\\xff', 'w')", odd])
  await expect(addTree(layer(), odd)).rejects.toThrow('not UTF-8')
})

test('sets the host name and leaves the machine id empty', () => {
  const named = layer()
  setIdentity(named, 'levitate')
  expect(named.read('/etc/hostname')).toBe('levitate\n')
  expect(named.read('/etc/hosts')).toContain('127.0.1.1 levitate\n')
  expect(named.read('/etc/machine-id')).toBe('')
  expect(named.lookup('/etc/machine-id')).toMatchObject({ mode: 0o444 })
  for (const wrong of ['', '-x', 'a b', 'a/b', 'x'.repeat(65), 'a\nb'])
    expect(() => setIdentity(layer(), wrong)).toThrow('is not a valid host name')
})

test('sets the password of root, and gives each user a home directory', () => {
  const open = layer()
  setAccounts(open, parseUsers([{ name: 'ada', uid: 1000, groups: ['sudo'] }]), 'empty', EPOCH)
  expect(open.read('/etc/shadow')).toBe('root::1:0:99999:7:::\nada:*:20454:0:99999:7:::\n')
  expect(open.lookup('/home/ada')).toMatchObject({ type: 'directory', mode: 0o700, uid: 1000, gid: 1000 })
  expect(open.lookup('/home/ada/.bashrc')).toMatchObject({ type: 'file', uid: 1000, gid: 1000 })
  expect(open.read('/home/ada/.bashrc')).toBe('PS1=x\n')
  const locked = layer()
  setAccounts(locked, [], 'locked', EPOCH)
  expect(locked.read('/etc/shadow')).toBe(BASE['/etc/shadow'])
  expect(() => parseUsers('ada')).toThrow('invalid list of users')
  expect(() => parseUsers([{ name: 'ada' }])).toThrow('invalid list of users')
  expect(() => parseUsers([{ name: 'ada', uid: 1000, group: ['sudo'] }])).toThrow(
    "the user 'ada' has an unknown member 'group'",
  )
})

test('sets octal permissions by path', () => {
  const set = layer()
  set.write('/lib/secret', 'x')
  setPermissions(set, { '/lib/secret': { mode: '4750', gid: 27 }, '/etc': { mode: '0711' } })
  expect(set.lookup('/usr/lib/secret')).toMatchObject({ mode: 0o4750, uid: 0, gid: 27 })
  expect(set.lookup('/etc')).toMatchObject({ mode: 0o711 })
  expect(() => setPermissions(layer(), { '/etc': { mode: '9' } })).toThrow("invalid mode '9' for '/etc'")
  expect(() => setPermissions(layer(), { '/nope': { mode: '600' } })).toThrow('not in the image')
})
