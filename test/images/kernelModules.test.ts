// Tests of kernel modules and lists.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  moduleClosure,
  moduleName,
  oneKernelVersion,
  parseList,
  parseModuleIndex,
} from '../../src/images/kernelModules.ts'

const index = parseModuleIndex({
  dep: [
    'kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/fs/mbcache.ko kernel/lib/crc16.ko',
    'kernel/fs/jbd2/jbd2.ko:',
    'kernel/fs/mbcache.ko:',
    'kernel/lib/crc16.ko:',
    'kernel/lib/libcrc32c.ko.xz:',
    'kernel/crypto/crc32c_generic.ko:',
    'kernel/arch/x86/crypto/crc32c-intel.ko:',
    'kernel/drivers/net/virtio_net.ko: kernel/net/core/failover.ko',
    'kernel/net/core/failover.ko:',
    '',
  ].join('\n'),
  softdep: [
    '# Soft dependencies extracted from modules themselves.',
    'softdep ext4 pre: crypto-crc32c',
    'softdep libcrc32c pre: crc32c',
    'softdep virtio_net post: nowhere-at-all',
    'softdep failover gcm',
    '',
  ].join('\n'),
  alias: [
    'alias crypto-crc32c crc32c_generic',
    'alias crypto-crc32c crc32c_intel',
    'alias crc32c crc32c_generic',
    'alias pci:v*d* virtio_net',
  ].join('\n'),
  builtin: 'kernel/drivers/virtio/virtio.ko\nkernel/drivers/tty/serial/8250/8250.ko\n',
})

test('adds the modules that a module requires, or prefers by an alias', () => {
  expect(moduleClosure(index, ['ext4'])).toEqual([
    'kernel/arch/x86/crypto/crc32c-intel.ko',
    'kernel/crypto/crc32c_generic.ko',
    'kernel/fs/ext4/ext4.ko',
    'kernel/fs/jbd2/jbd2.ko',
    'kernel/fs/mbcache.ko',
    'kernel/lib/crc16.ko',
  ])
  expect(moduleClosure(index, ['libcrc32c'])).toContain('kernel/crypto/crc32c_generic.ko')
})

test('accepts dashes and underscores in names, and ignores preferred modules that do not exist', () => {
  const expected = ['kernel/drivers/net/virtio_net.ko', 'kernel/net/core/failover.ko']
  expect(moduleClosure(index, ['virtio-net'])).toEqual(expected)
  expect(moduleClosure(index, ['virtio_net', 'virtio-net'])).toEqual(expected)
  expect(moduleName('kernel/arch/x86/crypto/crc32c-intel.ko.zst')).toBe('crc32c_intel')
})

test('expands directories, and needs no file for built-in modules', () => {
  expect(moduleClosure(index, ['kernel/net/'])).toEqual(['kernel/net/core/failover.ko'])
  expect(moduleClosure(index, ['virtio', '8250', 'kernel/drivers/tty/'])).toEqual([])
})

test('names every entry that does not exist, and does not take a directory for a prefix', () => {
  expect(() => moduleClosure(index, ['ext4', 'ext5', 'kernel/fs/nope/'])).toThrow(
    'no such modules: ext5, kernel/fs/nope/',
  )
  expect(() => moduleClosure(index, ['kernel/fs/ext/'])).toThrow('no such module: kernel/fs/ext/')
})

test('demands exactly one kernel version', () => {
  expect(oneKernelVersion(['6.1.0-56-amd64'])).toBe('6.1.0-56-amd64')
  expect(() => oneKernelVersion([])).toThrow('there are no kernel modules')
  expect(() => oneKernelVersion(['6.1.0-56-amd64', '6.1.0-50-amd64'])).toThrow('more than one kernel')
})

test('reads a list with comments and blank lines', () => {
  expect(parseList('# all\n\next4 # disks\n  loop\n')).toEqual(['ext4', 'loop'])
})

test('finds the same modules as a walk over all pairs, for any graph', () => {
  const modules = ['a', 'b', 'c', 'd', 'e', 'f']
  const edges = fc.array(fc.tuple(fc.constantFrom(...modules), fc.constantFrom(...modules)), {
    maxLength: 14,
  })
  fc.assert(
    fc.property(edges, edges, fc.subarray(modules), (hard, soft, roots) => {
      const needs = (name: string) =>
        hard.filter(([from]) => from === name).map(([, to]) => `kernel/${to}.ko`)
      const graph = parseModuleIndex({
        dep: modules.map((name) => `kernel/${name}.ko: ${needs(name).join(' ')}\n`).join(''),
        softdep: soft.map(([from, to]) => `softdep ${from} pre: ${to}\n`).join(''),
        alias: '',
        builtin: '',
      })
      const reached = new Set(roots)
      for (const _ of modules)
        for (const [from, to] of [...hard, ...soft]) if (reached.has(from)) reached.add(to)
      expect(moduleClosure(graph, roots)).toEqual([...reached].sort().map((name) => `kernel/${name}.ko`))
    }),
  )
})
