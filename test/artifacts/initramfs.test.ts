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
  const [init, common, busybox, listed] = ['init', 'common', 'busybox', 'list'].map((name) =>
    join(directory, name),
  )
  return {
    init: init!,
    common: common!,
    busybox: busybox!,
    list: listed!,
    modules: join(directory, 'modules'),
    version: VERSION,
  }
}

test('an initramfs holds /init, busybox, and the modules of the list with what they need', async () => {
  const image = await makeInitramfs(await parts('ext4\nvirtio # built in\n'), EPOCH)
  const { stdout } = await run('cpio', ['-i', '-t', '--quiet'], { input: image })
  const paths = stdout.split('\n').filter(Boolean)
  expect(paths).toContain('init')
  expect(paths).toContain(`lib/modules/${VERSION}/kernel/lib/crc16.ko`)
  expect(paths).not.toContain(`lib/modules/${VERSION}/kernel/x.ko`)
  const out = await temporary()
  // what is not a device: those an ordinary user cannot make
  await run('cpio', ['-i', '-d', '--quiet', 'etc/*', 'lib/*', 'init'], { cwd: out, input: image })
  expect(await readFile(join(out, 'etc/modules'), 'utf8')).toBe('ext4\n')
  expect(await readFile(join(out, `lib/modules/${VERSION}/modules.dep`), 'utf8')).toBe(
    'kernel/fs/ext4.ko: kernel/lib/crc16.ko\nkernel/lib/crc16.ko:\n',
  )
})

test('a listed module that is neither there nor built in is an error that names it', async () => {
  await expect(makeInitramfs(await parts('ext4\nnope\n'), EPOCH)).rejects.toThrow('no such module: nope')
})

test('the scripts of both initramfs are ones that a shell can read', async () => {
  const directory = fileURLToPath(new URL('../../artifacts/initramfs', import.meta.url))
  const scripts = (await readdir(directory)).filter((name) => /^init-|\.sh$/.test(name))
  expect(scripts.sort()).toEqual(['common.sh', 'init-installed', 'init-live'])
  for (const script of scripts) await run('sh', ['-n', join(directory, script)])
})

test('the GUID of a partition is read as UEFI writes it', async () => {
  const directory = fileURLToPath(new URL('../../artifacts/initramfs', import.meta.url))
  const script = await readFile(join(directory, 'init-installed'), 'utf8')
  const expression = /sed -E '([^']+)'/.exec(script)![1]!
  const { stdout } = await run('sed', ['-E', expression], { input: '33221100554477668899aabbccddeeff\n' })
  expect(stdout).toBe('00112233-4455-6677-8899-aabbccddeeff\n')
})
