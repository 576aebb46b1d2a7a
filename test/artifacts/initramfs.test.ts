// Tests of the initramfs and its scripts.
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { makeInitramfs } from '../../artifacts/initramfs/image.ts'
import { EPOCH, plant, run, temporary } from '../support/images.ts'

const VERSION = '6.1.0-test'

async function parts(list: string): Promise<Parameters<typeof makeInitramfs>[0]> {
  const directory = await plant(await temporary(), {
    init: '#!/bin/busybox sh\n',
    common: 'say() { :; }\n',
    busybox: 'ELF',
    list: list,
    [`modules/${VERSION}/modules.dep`]:
      'kernel/fs/ext4.ko: kernel/lib/crc16.ko\nkernel/lib/crc16.ko:\nkernel/x.ko:\n',
    [`modules/${VERSION}/modules.softdep`]: '',
    [`modules/${VERSION}/modules.alias`]: '',
    [`modules/${VERSION}/modules.builtin`]: 'kernel/drivers/virtio/virtio.ko\n',
    [`modules/${VERSION}/kernel/fs/ext4.ko`]: 'ext4',
    [`modules/${VERSION}/kernel/lib/crc16.ko`]: 'crc16',
    [`modules/${VERSION}/kernel/x.ko`]: 'x',
  })
  return {
    init: join(directory, 'init'),
    common: join(directory, 'common'),
    busybox: join(directory, 'busybox'),
    list: join(directory, 'list'),
    modules: join(directory, 'modules'),
  }
}

test('packs /init, busybox, and the listed modules with everything that they require', async () => {
  const image = await makeInitramfs(await parts('ext4\nvirtio # built in\n'), EPOCH)
  const { stdout } = await run('cpio', ['-i', '-t', '--quiet'], { input: image })
  const paths = stdout.split('\n').filter(Boolean)
  expect(paths).toContain('init')
  expect(paths).toContain(`lib/modules/${VERSION}/kernel/lib/crc16.ko`)
  expect(paths).not.toContain(`lib/modules/${VERSION}/kernel/x.ko`)
  const out = await temporary()
  // no devices: an ordinary user cannot create them
  await run('cpio', ['-i', '-d', '--quiet', 'etc/*', 'lib/*', 'init'], { cwd: out, input: image })
  expect(await readFile(join(out, 'etc/modules'), 'utf8')).toBe('ext4\n')
  expect(await readFile(join(out, `lib/modules/${VERSION}/modules.dep`), 'utf8')).toBe(
    'kernel/fs/ext4.ko: kernel/lib/crc16.ko\nkernel/lib/crc16.ko:\n',
  )
})

test('names a listed module that is neither present nor built in', async () => {
  await expect(makeInitramfs(await parts('ext4\nnope\n'), EPOCH)).rejects.toThrow('no such module: nope')
})

test('has scripts that a shell can parse', async () => {
  const directory = fileURLToPath(new URL('../../artifacts/initramfs', import.meta.url))
  const scripts = (await readdir(directory)).filter((name) => /^init-|\.sh$/.test(name))
  expect(scripts.sort()).toEqual(['common.sh', 'init-installed', 'init-live'])
  for (const script of scripts) await run('sh', ['-n', join(directory, script)])
})

test('reads the GUID of a partition in the byte order of UEFI', async () => {
  const directory = fileURLToPath(new URL('../../artifacts/initramfs', import.meta.url))
  const script = await readFile(join(directory, 'init-installed'), 'utf8')
  const expression = /sed -E '([^']+)'/.exec(script)![1]!
  const { stdout } = await run('sed', ['-E', expression], { input: '33221100554477668899aabbccddeeff\n' })
  expect(stdout).toBe('00112233-4455-6677-8899-aabbccddeeff\n')
})
