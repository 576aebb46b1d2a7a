// Tests how the version of a tool is read and compared.
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compareVersions, toolVersion } from '../../src/platform/toolVersion.ts'
import { folder, program } from '../support/fakes.ts'

test.each([
  ['--version on stdout', 'echo "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)"', '7.2.22'],
  ['-V on stderr, as mke2fs does', `[ $1 = -V ] && echo 'mke2fs 1.47.0 (5-Feb-2023)' >&2; exit 1`, '1.47.0'],
  ['a number after v', 'echo "zstd command line interface 64-bits v1.5.4, by Yann Collet"', '1.5.4'],
  ['a line with numbers in the name', 'echo "mkfs.ext4 for x86_64-1.2: mkfs2.3 4.2"', '4.2'],
])('reads the version from %s', async (_, script, version) => {
  expect(await toolVersion(program(folder(), 'tool', script))).toBe(version)
})

test.each([
  ['prints nothing', 'exit 0'],
  ['prints no dotted number', 'echo "kmod version 30"'],
])('finds no version if the tool %s', async (_, script) => {
  expect(await toolVersion(program(folder(), 'tool', script))).toBeUndefined()
})

test('finds no version of a missing tool', async () => {
  expect(await toolVersion(join(folder(), 'nothing'))).toBeUndefined()
})

test.each([
  ['1.47.0', '1.47.0', 0],
  ['1.9', '1.10', -1],
  ['1.47.1', '1.47', 1],
  ['1.47', '1.47.0', 0],
  ['2', '1.99.99', 1],
  ['1.5.4+dfsg2', '1.5.4', 0],
  ['1.5-1', '1.5.0', 0],
])('compares %s with %s', (a, b, sign) => {
  expect(Math.sign(compareVersions(a, b))).toBe(sign)
  expect(Math.sign(compareVersions(b, a))).toBe(sign === 0 ? 0 : -sign)
})
