// Tests that a tree is written over an ext4 file system, and that differences from it are found.
import { chmod, link, rename, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { checkExt4 } from '../../src/images/ext4.ts'
import { checkExt4Layer, layOverExt4 } from '../../src/images/ext4Layer.ts'
import { digestOfFile, EPOCH, expectSameImage, run, temporaryInMemory } from '../support/images.ts'
import { debugfs, ext4Of, layOver, OFFSET, ownedTree, SIZE } from './support/ext4.ts'

const check = async (image: string, tree: string): Promise<void> =>
  checkExt4Layer(run, { image, offset: OFFSET, tree, scratch: await temporaryInMemory() })

const BASE = {
  'etc/hostname': 'debian\n',
  'etc/motd': 'a long welcome that is replaced by a shorter one\n',
  'etc/localtime': { to: '/usr/share/zoneinfo/UTC' },
  'usr/bin/one': 'one',
  'usr/bin/<12>': 'another inode',
}

const LAYER = {
  'etc/motd': 'short\n',
  'etc/localtime': { to: `/${'far/'.repeat(40)}away` },
  'etc/new/deep/file': Buffer.alloc(3_000_000, 'deep'),
  'etc/hostname': { to: 'motd' },
  'usr/bin/two "quoted" é': 'two',
  'usr/bin/<12>': 'no inode',
  top: 'in the root directory',
  link: { to: 'top' },
}

test('writes files, links and directories of the tree, keeps all others, and leaves a clean file system', async () => {
  const base = await ownedTree(BASE)
  await link(join(base, 'etc/motd'), join(base, 'etc/issue'))
  const image = await ext4Of(base)
  const layer = await ownedTree(LAYER)
  await chmod(join(layer, 'usr/bin/<12>'), 0o4755)
  await chmod(join(layer, 'etc/new/deep'), 0o700)
  await run('chown', ['1000:42', join(layer, 'etc/new/deep'), join(layer, 'top')])
  await run('touch', ['--date=@86400', join(layer, 'top')])
  await layOver(image, layer)
  await checkExt4(run, image, OFFSET)
  await check(image, layer)
  const [motd, issue, one, two, hostname, deep, own, far, top] = await debugfs(
    image,
    'cat /etc/motd',
    'cat /etc/issue',
    'cat /usr/bin/one',
    'cat "/usr/bin/two ""quoted"" é"',
    'stat /etc/hostname',
    'stat /etc/new/deep',
    'stat "/usr/bin/<12>"',
    'stat /etc/localtime',
    'stat /top',
  )
  expect([motd, issue, one, two]).toEqual(['short\n', BASE['etc/motd'], 'one', 'two'])
  expect(hostname).toContain('Fast link dest: "motd"')
  expect(deep).toMatch(/User:\s+1000\s+Group:\s+42/)
  expect(deep).toMatch(/Mode:\s+0700/)
  expect(own).toMatch(/Mode:\s+04755/)
  expect(far).toMatch(/Type: symlink[\s\S]*Size: 165\b/)
  expect(top).toMatch(/mtime: 0x00015180:/)
  for (const inode of [deep, own, far])
    for (const field of ['ctime', 'atime', 'mtime', 'crtime'])
      expect(inode).toMatch(new RegExp(`${field}: 0x6955b900:00000000 `))
})

test('gives equal bytes for equal file systems and trees', async () => {
  const [one, two] = [await ext4Of(await ownedTree(BASE)), await ext4Of(await ownedTree(BASE))]
  await layOver(one, await ownedTree(LAYER))
  // A leaked time would differ in whole seconds.
  await setTimeout(1100)
  await layOver(two, await ownedTree(LAYER))
  await expectSameImage(two, one)
})

test('finds differences in content, mode, owner and link target, and missing files', async () => {
  const image = await ext4Of(await ownedTree(BASE))
  const layer = await ownedTree(LAYER)
  await layOver(image, layer)
  const tampered = async (...commands: readonly string[]): Promise<void> => {
    const copy = join(await temporaryInMemory(), 'copy.raw')
    await run('cp', ['--sparse=always', image, copy])
    await run('debugfs', ['-w', '-f', '-', `${copy}?offset=${OFFSET}`], { input: `${commands.join('\n')}\n` })
    await check(copy, layer)
  }
  const other = join(await temporaryInMemory(), 'other')
  await writeFile(other, 'SHORT\n')
  await tampered('sif /usr/bin/one mode 0100600')
  await expect(tampered('cd /etc', 'rm motd', `write ${other} motd`)).rejects.toThrow(
    "the content of '/etc/motd' differs from the tree",
  )
  await expect(tampered('sif /top mode 0100600')).rejects.toMatchObject({
    headline: "'/top' differs from the tree",
    facts: [
      ['expected', 'regular, mode 644, owner 0:0, 21 bytes'],
      ['found', expect.stringMatching(/^regular, mode 600/)],
    ],
  })
  await expect(tampered('sif /etc/new uid 7')).rejects.toThrow("'/etc/new' differs from the tree")
  await expect(tampered('rm /link', 'symlink link pot')).rejects.toMatchObject({
    facts: [expect.anything(), ['found', expect.stringMatching(/^symlink, mode 777/)]],
  })
  await expect(
    tampered('rm /etc/localtime', 'cd /etc', `symlink localtime /${'fat/'.repeat(40)}away`),
  ).rejects.toThrow("the content of '/etc/localtime' differs from the tree")
  await expect(tampered('rm "/usr/bin/<12>"')).rejects.toMatchObject({
    headline: "'/usr/bin/<12>' differs from the tree",
    facts: [expect.anything(), ['found', 'missing']],
  })
})

test('refuses to replace a directory by another type, or the reverse', async () => {
  const image = await ext4Of(await ownedTree(BASE))
  const before = await digestOfFile(image)
  await expect(layOver(image, await ownedTree({ etc: 'a file' }))).rejects.toMatchObject({
    headline: "cannot write '/etc' over a different type",
    facts: [
      ['in the layer', 'not a directory'],
      ['in the file system', 'directory'],
    ],
  })
  await expect(layOver(image, await ownedTree({ 'etc/localtime/file': '' }))).rejects.toMatchObject({
    headline: "cannot write '/etc/localtime' over a different type",
    facts: [
      ['in the layer', 'directory'],
      ['in the file system', 'symlink'],
    ],
  })
  expect(await digestOfFile(image)).toBe(before)
})

test('rejects names and types that debugfs cannot write before it writes anything', async () => {
  const image = await ext4Of(await ownedTree(BASE))
  const before = await digestOfFile(image)
  for (const name of ['two\nrm motd', 'two\rlines'])
    await expect(layOver(image, await ownedTree({ [`etc/${name}`]: '' }))).rejects.toMatchObject({
      headline: 'cannot write a name into an ext4 file system',
      facts: [['name', JSON.stringify(`/etc/${name}`)]],
    })
  await expect(layOver(image, await ownedTree({ long: { to: '"'.repeat(4095) } }))).rejects.toMatchObject({
    facts: [['name', '"long"']],
  })
  const fifo = await ownedTree({})
  await run('mkfifo', [join(fifo, 'fifo')])
  await expect(layOver(image, fifo)).rejects.toThrow("'/fifo' is not a file, directory or link")
  expect(await digestOfFile(image)).toBe(before)
})

test('writes names of the maximum length in deep directories', async () => {
  const image = await ext4Of(await ownedTree(BASE))
  const name = '"'.repeat(255)
  const layer = await ownedTree({ [`${name}/${name}/${name}/${name}`]: 'deep' })
  await layOver(image, layer)
  await check(image, layer)
})

test('reports the needed and the free space when a layer does not fit', async () => {
  const image = await ext4Of(await ownedTree(BASE))
  const layer = await ownedTree({})
  await writeFile(join(layer, 'large'), '')
  await truncate(join(layer, 'large'), SIZE)
  await expect(layOver(image, layer)).rejects.toMatchObject({
    headline: 'the layer does not fit into the file system',
    facts: [
      ['needed', '64 MiB'],
      ['free', expect.stringMatching(/^\d+(\.\d)? MiB$/)],
    ],
  })
})

test('reports errors of debugfs', async () => {
  const image = await ext4Of(await ownedTree(BASE))
  const layer = await ownedTree({ 'etc/motd': 'short\n' })
  const racing: typeof run = async (tool, args, options) => {
    if (args.includes('-w')) await rename(join(layer, 'etc/motd'), join(layer, 'etc/gone'))
    return run(tool, args, options)
  }
  const options = { image, offset: OFFSET, tree: layer, epoch: EPOCH, work: await temporaryInMemory() }
  await expect(layOverExt4(racing, options)).rejects.toMatchObject({
    headline: 'debugfs could not write the layer',
    tail: expect.stringContaining('No such file or directory'),
  })
})
