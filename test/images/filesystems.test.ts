// Tests of ext4, EROFS and tars: the tools of the file systems are the oracles.
import { readFile, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { makeErofs } from '../../src/images/erofs.ts'
import { checkExt4, inspectExt4, makeExt4, minimumExt4Size } from '../../src/images/ext4.ts'
import { deriveUuid } from '../../src/images/uuids.ts'
import { extractLayers, packLayer } from '../../src/images/layers.ts'
import { digestOfFile, EPOCH, expectSameImage, plant, run, temporaryInMemory } from '../support/images.ts'

const OFFSET = 2 ** 20
const UUID = deriveUuid('test', 'fs')

/** A tar with attributes that are easily lost: owners, setuid, a capability, a hole, a hard link. */
async function hardTar(): Promise<string> {
  const directory = await temporaryInMemory()
  const tree = await plant(join(directory, 'tree'), {
    'bin/su': 'su',
    'bin/ping': 'ping',
    'etc/shadow': 'root::1::::::\n',
    'etc/fstab': '',
    'home/ada/note': 'note',
    'lib/data': Buffer.alloc(300_000, 'data'),
    link: { to: '/etc/shadow' },
  })
  await truncate(join(tree, 'lib/data'), 50_000_000)
  await run('ln', [join(tree, 'bin/su'), join(tree, 'bin/sg')])
  await run('chown', ['-R', '0:0', tree])
  await run('chown', ['0:42', join(tree, 'etc/shadow')])
  await run('chown', ['1000:1000', join(tree, 'home/ada'), join(tree, 'home/ada/note')])
  await run('chmod', ['4755', join(tree, 'bin/su')])
  await run('chmod', ['640', join(tree, 'etc/shadow')])
  // cap_net_raw+ep as the kernel stores it (include/uapi/linux/capability.h, version 2)
  const capability = '0x0100000200200000000000000000000000000000'
  await run('python3', [
    '-c',
    "import os, sys; os.setxattr(sys.argv[1], 'security.capability', bytes.fromhex(sys.argv[2][2:]))",
    join(tree, 'bin/ping'),
    capability,
  ])
  const tar = join(directory, 'hard.tar')
  await run('tar', ['-C', tree, '--sort=name', '--xattrs', '--xattrs-include=*', '--sparse', '-cf', tar, '.'])
  return tar
}

async function ext4(tar: string): Promise<string> {
  const work = await temporaryInMemory()
  const tree = join(work, 'tree')
  await extractLayers(run, [tar], tree, EPOCH)
  const image = join(work, 'disk.raw')
  await writeFile(image, '')
  await truncate(image, OFFSET + 2 ** 30)
  const options = { image, offset: OFFSET, size: 2 ** 30, label: 'root', uuid: UUID, hashSeed: UUID }
  await makeExt4(run, { ...options, tree, epoch: EPOCH, work })
  return image
}

test('makes equal ext4 file systems from two extractions at two times', async () => {
  const tar = await hardTar()
  const one = await ext4(tar)
  // a leaked time would differ in whole seconds
  await setTimeout(1100)
  await expectSameImage(await ext4(tar), one)
})

test('makes a clean ext4 with the owners, modes, capabilities, links and holes of the tar', async () => {
  const image = await ext4(await hardTar())
  await checkExt4(run, image, OFFSET)
  const commands = [
    'stat /bin/su',
    'stat /etc/shadow',
    'stat /home/ada',
    'stat /bin/ping',
    'cat /etc/shadow',
    'stat /lib/data',
    'stat /link',
    'stat /',
  ]
  const [su, shadow, ada, ping, text, data, link, root] = await inspectExt4(run, image, OFFSET, commands)
  expect(su).toMatch(/Mode:\s+04755/)
  expect(su).toMatch(/Links: 2/)
  expect(shadow).toMatch(/Mode:\s+0640/)
  expect(shadow).toMatch(/User:\s+0\s+Group:\s+42/)
  expect(ada).toMatch(/User:\s+1000\s+Group:\s+1000/)
  expect(ping).toContain('security.capability')
  expect(text).toBe('root::1::::::\n')
  expect(data).toMatch(/Size: 50000000/)
  expect(data).toMatch(/Blockcount: (592|600)\b/)
  expect(link).toContain('Fast link dest: "/etc/shadow"')
  for (const field of ['ctime', 'atime', 'mtime', 'crtime'])
    expect(root).toMatch(new RegExp(`${field}: 0x6955b900:00000000 -- Thu Jan  1 00:00:00 2026`))
  expect((await stat(image)).blocks * 512).toBeLessThan(2 ** 25)
})

test('sets the times of all files in a large directory', async () => {
  const directory = await temporaryInMemory()
  const files = Object.fromEntries(
    Array.from({ length: 3000 }, (_, index) => [`many/file ${index}`, `${index}`]),
  )
  await plant(join(directory, 'tree'), files)
  await packLayer(run, join(directory, 'many.tar'), join(directory, 'tree'), ['many'], EPOCH)
  const image = await ext4(join(directory, 'many.tar'))
  const names = ['/many', '/many/file 0', '/many/file 1234', '/many/file 2999']
  for (const answer of await inspectExt4(
    run,
    image,
    OFFSET,
    names.map((name) => `stat "${name}"`),
  ))
    expect(answer.match(/0x6955b900:00000000/g)).toHaveLength(4)
})

test('shows the output of mke2fs when a tree does not fit', async () => {
  const work = await temporaryInMemory()
  const tree = await plant(join(work, 'tree'), { large: Buffer.alloc(40 * 2 ** 20, 'x') })
  const image = join(work, 'disk.raw')
  await writeFile(image, '')
  await truncate(image, 2 ** 25)
  const options = {
    image,
    offset: 0,
    size: 2 ** 25,
    label: 'root',
    uuid: UUID,
    hashSeed: UUID,
    tree,
    epoch: EPOCH,
    work,
  }
  await expect(makeExt4(run, options)).rejects.toThrow('mke2fs failed')
})

test('fits a tree into the minimum size', async () => {
  const work = await temporaryInMemory()
  const content = 150 * 2 ** 20
  const tree = await plant(join(work, 'tree'), { large: Buffer.alloc(content, 'x') })
  const image = join(work, 'disk.raw')
  const size = minimumExt4Size(content)
  await writeFile(image, '')
  await truncate(image, size)
  await makeExt4(run, {
    image,
    offset: 0,
    size,
    label: 'root',
    uuid: UUID,
    hashSeed: UUID,
    tree,
    epoch: EPOCH,
    work,
  })
  await checkExt4(run, image, 0)
})

test('finds damage in an ext4', async () => {
  const image = await ext4(await hardTar())
  await run('debugfs', ['-w', '-R', 'clri /etc/shadow', `${image}?offset=${OFFSET}`])
  await expect(checkExt4(run, image, OFFSET)).rejects.toThrow('the ext4 file system is damaged')
})

test('makes equal EROFS images from two extractions, for each compression', async () => {
  const tar = await hardTar()
  const directory = await temporaryInMemory()
  const trees = [join(directory, 'one'), join(directory, 'two')]
  for (const tree of trees) await extractLayers(run, [tar], tree, EPOCH)
  for (const compression of ['lz4hc', 'lz4', 'none'] as const) {
    const digests = new Set<string>()
    for (const tree of trees) {
      const image = join(directory, `${compression}.erofs`)
      await makeErofs(run, { image, tree, uuid: UUID, compression, epoch: EPOCH })
      await run('fsck.erofs', [image])
      digests.add(await digestOfFile(image))
    }
    expect(digests.size).toBe(1)
  }
})

test('extracts layers over each other, without /dev and without times after the epoch', async () => {
  const directory = await temporaryInMemory()
  const lower = await plant(join(directory, 'lower'), {
    'etc/motd': 'lower',
    'dev/null': 'x',
    'etc/keep': 'keep',
  })
  const upper = await plant(join(directory, 'upper'), { 'etc/motd': 'upper', 'usr/new': 'new' })
  const lowerTar = join(directory, 'lower.tar')
  const upperTar = join(directory, 'upper.tar')
  await packLayer(run, lowerTar, lower, ['./etc', './dev'], EPOCH)
  await packLayer(run, upperTar, upper, ['./etc/motd', './usr'], EPOCH)
  const tree = join(directory, 'tree')
  await extractLayers(run, [lowerTar, upperTar], tree, EPOCH)
  expect(await readFile(join(tree, 'etc/motd'), 'utf8')).toBe('upper')
  const { stdout } = await run('find', [tree, '-printf', '%P %T@\\n'])
  const lines = stdout.split('\n').filter(Boolean).sort()
  expect(lines.map((line) => line.split(' ')[0])).toEqual([
    '',
    'dev',
    'etc',
    'etc/keep',
    'etc/motd',
    'usr',
    'usr/new',
  ])
  for (const line of lines) expect(line.split(' ')[1]).toBe(`${EPOCH}.0000000000`)
})
