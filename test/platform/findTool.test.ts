// Tests how tools, os-release and firmware are found on the host.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findOvmf } from '../../src/vm/firmware.ts'
import { findTool, isFile, osRelease, SEARCH_PATH, searchPath } from '../../src/platform/findTool.ts'
import { file, folder, program } from '../support/fakes.ts'

test('finds the first executable file of a name', () => {
  const [a, b, c] = [folder(), folder(), folder()]
  mkdirSync(join(a, 'tool'))
  file(b, 'tool', 'not executable')
  const tool = program(c, 'tool')
  expect(findTool('tool', `${a}:${b}::${c}`)).toBe(tool)
  expect(findTool('tool', `${a}:${b}`)).toBeUndefined()
  expect(findTool('tool', '/nonexistent')).toBeUndefined()
})

test('searches sbin, too, and additional directories first', () => {
  expect(SEARCH_PATH).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
  expect(searchPath(['/opt/bin'])).toBe(`/opt/bin:${SEARCH_PATH}`)
  expect(searchPath()).toBe(SEARCH_PATH)
})

test('takes a path below a file for missing', () => {
  const path = file(folder(), 'plain')
  expect(isFile(path)).toBe(true)
  expect(isFile(join(path, 'below'))).toBe(false)
})

test('reads os-release with and without quotes, from /etc or /usr/lib', () => {
  const root = folder()
  expect(osRelease(root).size).toBe(0)
  file(root, 'usr/lib/os-release', 'ID=debian\n')
  expect(osRelease(root).get('ID')).toBe('debian')
  file(root, 'etc/os-release', `ID="opensuse-leap"\nID_LIKE='suse opensuse'\n# no=comment\nVERSION_ID=15.6\n`)
  expect(Object.fromEntries(osRelease(root))).toEqual({
    ID: 'opensuse-leap',
    ID_LIKE: 'suse opensuse',
    VERSION_ID: '15.6',
  })
})

test.each([
  ['Debian', 'usr/share/OVMF', 'OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd', 'raw'],
  ['Fedora', 'usr/share/edk2/ovmf', 'OVMF_CODE_4M.qcow2', 'OVMF_VARS_4M.qcow2', 'qcow2'],
  ['Arch', 'usr/share/edk2/x64', 'OVMF_CODE.4m.fd', 'OVMF_VARS.4m.fd', 'raw'],
  ['openSUSE', 'usr/share/qemu', 'ovmf-x86_64-4m-code.bin', 'ovmf-x86_64-4m-vars.bin', 'raw'],
])('finds the firmware of %s if both its files exist', (_, place, code, vars, format) => {
  const root = folder()
  const codePath = file(root, join(place, code))
  expect(findOvmf(root)).toBeUndefined()
  const varsPath = file(root, join(place, vars))
  expect(findOvmf(root)).toEqual({ code: codePath, vars: varsPath, format })
})
