import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { findOvmf } from '../../src/vm/firmware.ts'
import { findTool, isFile, osRelease, SEARCH_PATH, searchPath } from '../../src/platform/findTool.ts'
import { file, folder, program } from '../support/fakes.ts'

test('a tool is the first executable file of its name', () => {
  const [a, b, c] = [folder(), folder(), folder()]
  mkdirSync(join(a, 'tool'))
  file(b, 'tool', 'not executable')
  const tool = program(c, 'tool')
  expect(findTool('tool', `${a}:${b}::${c}`)).toBe(tool)
  expect(findTool('tool', `${a}:${b}`)).toBeUndefined()
  expect(findTool('tool', '/nonexistent')).toBeUndefined()
})

test('the search path has sbin, and further directories come first', () => {
  expect(SEARCH_PATH).toBe('/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin')
  expect(searchPath(['/opt/bin'])).toBe(`/opt/bin:${SEARCH_PATH}`)
  expect(searchPath()).toBe(SEARCH_PATH)
})

test('what cannot be seen is no file', () => {
  const path = file(folder(), 'plain')
  expect(isFile(path)).toBe(true)
  expect(isFile(join(path, 'below'))).toBe(false)
})

test('os-release is read with and without quotes, from either place', () => {
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
])('the firmware of %s is found when both its files are there', (_, place, code, vars, format) => {
  const root = folder()
  const codePath = file(root, join(place, code))
  expect(findOvmf(root)).toBeUndefined()
  const varsPath = file(root, join(place, vars))
  expect(findOvmf(root)).toEqual({ code: codePath, vars: varsPath, format })
})
