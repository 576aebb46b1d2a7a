// Tests that two versions of an output are compared by what they contain, also in images inside images.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { toRawPath } from '../../src/platform/rawPath.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { outputChanges } from '../../src/diff/outputChanges.ts'
import { plant, run, temporary } from '../support/images.ts'

const changes = async (root: string, before: string, now: string): Promise<readonly string[]> =>
  outputChanges(realDisk, join(root, 'cache'), [], toRawPath(before), toRawPath(now))

it('reports a changed file in an EROFS on an ISO, and not the EROFS itself', async () => {
  const root = await temporary()
  for (const [name, text] of [
    ['before', 'welcome\n'],
    ['now', 'welcome back\n'],
  ] as const) {
    await plant(join(root, name, 'rootfs'), { 'etc/motd': text, 'etc/issue': 'same\n' })
    await plant(join(root, name, 'iso'), { 'live/same': 'same' })
    await run('mkfs.erofs', ['-T0', join(root, name, 'iso/live/rootfs.erofs'), join(root, name, 'rootfs')])
    await run('xorriso', [
      '-as',
      'mkisofs',
      '-quiet',
      '-R',
      '-o',
      join(root, `${name}.iso`),
      join(root, name, 'iso'),
    ])
  }
  expect(await changes(root, join(root, 'before.iso'), join(root, 'now.iso'))).toEqual([
    '/live/rootfs.erofs:/etc/motd: content (8 → 13 bytes)',
  ])
})

it('compares texts line by line, and other files by the first bytes that differ', async () => {
  const root = await temporary()
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(join(root, name), content)
    return join(root, name)
  }
  const [old, now] = [write('old', 'CONFIG_A=y\nCONFIG_B=m\n'), write('new', 'CONFIG_A=y\nCONFIG_B=y\n')]
  expect(await changes(root, old, now)).toEqual([
    '@@ -1,2 +1,2 @@',
    ' CONFIG_A=y',
    '-CONFIG_B=m',
    '+CONFIG_B=y',
  ])
  const [zeros, ones] = [write('zeros', Buffer.alloc(64)), write('ones', Buffer.alloc(64, 1))]
  expect(await changes(root, zeros, ones)).toEqual(['64 bytes from byte 0 on (of 64 and 64)'])
})

it('compares images with equal contents by their bytes', async () => {
  const root = await temporary()
  await plant(join(root, 'tree'), { 'etc/motd': 'same\n' })
  for (const name of ['before', 'now'])
    await run('mkfs.erofs', [`-T${name === 'now' ? 1 : 0}`, join(root, name), join(root, 'tree')])
  expect(await changes(root, join(root, 'before'), join(root, 'now'))).toEqual([
    expect.stringMatching(/^\d+ bytes from byte \d+ on \(of 4096 and 4096\)$/),
  ])
})
