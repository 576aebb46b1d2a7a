// Tests that comparing two images finds exactly the planted differences, whatever the format.
import { mkdir, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packageDatabase } from '../../src/debian/packageDatabase.ts'
import type { Content, Contents } from '../../src/diff/imageContents.ts'
import { imageContents } from '../../src/diff/imageContents.ts'
import { contentChanges, describeContentChange } from '../../src/diff/contentChanges.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { plant, run, temporary } from '../support/images.ts'

const TOOLS = { disk: realDisk, run, readers: [packageDatabase] }

const STATUS = (version: string): string => `Package: bash
Status: install ok installed
Version: ${version}

Package: gone
Status: deinstall ok config-files
Version: 1
`

const FILES = {
  'etc/motd': 'welcome\n',
  'etc/shadow': 'root::\n',
  'etc/gone': 'x',
  link: { to: '/etc/motd' },
  'var/lib/dpkg/status': STATUS('5.2'),
}

/** Two trees that differ in every way in which trees can differ. */
async function trees(): Promise<[before: string, now: string]> {
  const root = await temporary()
  const [before, now] = [join(root, 'before'), join(root, 'now')]
  await plant(before, FILES)
  const { 'etc/gone': _, ...kept } = FILES
  await plant(now, {
    ...kept,
    'etc/motd': 'welcome back\n',
    'etc/new': '',
    link: { to: '/etc/new' },
    'var/lib/dpkg/status': STATUS('5.3'),
  })
  for (const tree of [before, now]) await run('chown', ['-R', '0:0', tree])
  await run('chmod', ['600', join(now, 'etc/shadow')])
  return [before, now]
}

const EXPECTED = [
  'package bash: 5.2 → 5.3',
  '/etc/gone: removed',
  '/etc/motd: content (8 → 13 bytes)',
  '/etc/new: added',
  '/etc/shadow: mode 644 → 600',
  '/link: /etc/motd → /etc/new',
  `/var/lib/dpkg/status: content (${STATUS('5.2').length} → ${STATUS('5.3').length} bytes)`,
]

async function contents(path: string): Promise<Contents> {
  const found = await imageContents(TOOLS, path, await temporary())
  if (!found) throw new Error('unknown format')
  return found
}

const changes = async (before: string, now: string): Promise<string[]> =>
  contentChanges(await contents(before), await contents(now)).map(describeContentChange)

/** Makes an image of a tree at a path. */
type Make = (tree: string, image: string) => Promise<unknown>

const ext4: Make = (tree, image) =>
  run('mke2fs', ['-q', '-t', 'ext4', '-b', '4096', '-d', tree, image, '4096'])

const cpio: Make = async (tree, image) => {
  const { stdout } = await run('find', [tree, '-mindepth', '1', '-printf', '%P\\0'])
  await run('cpio', ['--create', '--quiet', '--null', '--format=newc', '-D', tree, '-F', image], {
    input: stdout,
  })
}

const MAKERS: Readonly<Record<string, Make>> = {
  tar: (tree, image) => run('tar', ['--create', '--file', image, '--directory', tree, '.']),
  EROFS: (tree, image) => run('mkfs.erofs', [image, tree]),
  ext4,
  cpio,
  'cpio compressed with zstd': async (tree, image) => {
    await cpio(tree, `${image}.cpio`)
    await run('zstd', ['--quiet', `${image}.cpio`, '-o', image])
  },
  ISO: (tree, image) => run('xorriso', ['-as', 'mkisofs', '-quiet', '-R', '-o', image, tree]),
}

describe('finds every difference and nothing else', () => {
  it.each(Object.entries(MAKERS))('in a %s', async (_, make) => {
    const [before, now] = await trees()
    await make(before, `${before}.image`)
    await make(now, `${now}.image`)
    expect(await changes(`${before}.image`, `${now}.image`)).toEqual(EXPECTED)
    expect(await changes(now + '.image', `${now}.image`)).toEqual([])
  })

  it('in a FAT', async () => {
    const root = await temporary()
    for (const [name, text] of [
      ['before', 'one'],
      ['now', 'two, longer'],
    ] as const) {
      await plant(join(root, 'tree', name), { 'loader.conf': text, 'same.conf': 'same' })
      await run('truncate', ['--size', '2M', join(root, name)])
      await run('mkfs.vfat', ['-i', '12345678', join(root, name)])
      await run('mcopy', [
        '-i',
        join(root, name),
        join(root, 'tree', name, 'loader.conf'),
        join(root, 'tree', name, 'same.conf'),
        '::/',
      ])
    }
    expect(await changes(join(root, 'before'), join(root, 'now'))).toEqual([
      '/loader.conf: content (3 → 11 bytes)',
    ])
  })

  it('on a disk, raw or qcow2: in its partition table, and in the files of each partition', async () => {
    const [before, now] = await trees()
    for (const [tree, size] of [
      [before, 40_000],
      [now, 48_000],
    ] as const) {
      const disk = `${tree}.raw`
      await ext4(tree, `${tree}.ext4`)
      await run('truncate', ['--size', '64M', disk])
      const table = `label: gpt\nlabel-id: 11111111-1111-1111-1111-111111111111\nstart=2048, size=${size}, uuid=22222222-2222-2222-2222-222222222222, name=root\n`
      await run('sfdisk', ['--quiet', disk], { input: table })
      await run('dd', [
        `if=${tree}.ext4`,
        `of=${disk}`,
        'bs=512',
        'seek=2048',
        'conv=notrunc,sparse',
        'status=none',
      ])
      await run('qemu-img', ['convert', '-O', 'qcow2', disk, `${tree}.qcow2`])
    }
    const expected = [
      EXPECTED[0],
      expect.stringMatching(
        /^partition 1: root, from sector 2048, 40000 sectors, .* → root, from sector 2048, 48000 sectors, /,
      ),
      ...EXPECTED.slice(1).map((line) => `root:${line}`),
    ]
    expect(await changes(`${before}.raw`, `${now}.raw`)).toEqual(expected)
    expect(await changes(`${before}.qcow2`, `${now}.qcow2`)).toEqual(expected)
    expect(await changes(`${now}.raw`, `${now}.qcow2`)).toEqual([])
  })

  it('returns undefined for an unknown format, whatever the file name says', async () => {
    const root = await plant(await temporary(), { 'image.qcow2': 'no image', empty: '' })
    expect(await imageContents(TOOLS, join(root, 'image.qcow2'), root)).toBeUndefined()
    expect(await imageContents(TOOLS, join(root, 'empty'), root)).toBeUndefined()
  })

  it('lists names that hold newlines, quotes and dashes', async () => {
    const root = await temporary()
    const odd = { '-rf': '1', 'a\nb': '2', "it's": '3', ' lead': '4' }
    await plant(join(root, 'tree'), odd)
    await ext4(join(root, 'tree'), join(root, 'image'))
    const found = [...(await contents(join(root, 'image'))).keys()].filter((name) => name !== '/lost+found')
    expect(found.toSorted()).toEqual(
      Object.keys(odd)
        .map((name) => `/${name}`)
        .toSorted(),
    )
  })

  it('rejects a qcow2 that refers to another file of the host', async () => {
    const root = await plant(await temporary(), { secret: 'x'.repeat(1024 * 1024) })
    const image = join(root, 'image')
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', join(root, 'secret'), image])
    await expect(imageContents(TOOLS, image, root)).rejects.toThrow('names another file')
    await run('qemu-img', [
      'create',
      '-q',
      '-f',
      'qcow2',
      '-o',
      `data_file=${join(root, 'data')}`,
      image,
      '1M',
    ])
    await expect(imageContents(TOOLS, image, root)).rejects.toThrow('names another file')
  })

  it('rejects a truncated image', async () => {
    const [before] = await trees()
    const root = await temporary()
    const image = join(root, 'image')
    await MAKERS['EROFS']!(before, image)
    await truncate(image, 2_000)
    await mkdir(join(root, 'scratch'))
    await expect(imageContents(TOOLS, image, join(root, 'scratch'))).rejects.toThrow()
  })
})

const content: fc.Arbitrary<Content> = fc.record({
  type: fc.constantFrom('file', 'symlink'),
  mode: fc.constantFrom('644', '755'),
  owner: fc.constantFrom('0:0', '1:1'),
  size: fc.nat({ max: 1 }),
  content: fc.constantFrom('a', 'b'),
})

it('reports exactly the names whose contents differ', () => {
  const contentsArbitrary = fc
    .dictionary(fc.constantFrom('/a', '/b', '/c', 'package x', 'partition 1', 'root:/a'), content)
    .map((all) => new Map(Object.entries(all)))
  fc.assert(
    fc.property(contentsArbitrary, contentsArbitrary, (before, now) => {
      const names = new Set([...before.keys(), ...now.keys()])
      const differing = [...names].filter(
        (name) => JSON.stringify(before.get(name)) !== JSON.stringify(now.get(name)),
      )
      expect(
        contentChanges(before, now)
          .map(({ name }) => name)
          .toSorted(),
      ).toEqual(differing.toSorted())
    }),
  )
})
