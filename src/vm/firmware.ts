import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** UEFI firmware for a virtual machine: code that is only read, and a template for the variables that it keeps. */
export interface Ovmf {
  readonly code: string
  readonly vars: string
  readonly format: 'raw' | 'qcow2'
}

const pair = (folder: string, code: string, vars: string, format: Ovmf['format'] = 'raw'): Ovmf => ({
  code: join(folder, code),
  vars: join(folder, vars),
  format,
})

/**
 * Where distributions put OVMF for x86-64, without Secure Boot; newest layout first.
 * From the file lists of ovmf (Debian, Ubuntu), edk2-ovmf (Fedora, Arch), qemu-ovmf-x86_64 (openSUSE), and of QEMU's
 * own sources, pc-bios/.
 */
const PLACES: readonly Ovmf[] = [
  pair('/usr/share/OVMF', 'OVMF_CODE_4M.fd', 'OVMF_VARS_4M.fd'),
  pair('/usr/share/OVMF', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/edk2/ovmf', 'OVMF_CODE_4M.qcow2', 'OVMF_VARS_4M.qcow2', 'qcow2'),
  pair('/usr/share/edk2/ovmf', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/edk2/x64', 'OVMF_CODE.4m.fd', 'OVMF_VARS.4m.fd'),
  pair('/usr/share/edk2/x64', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/edk2-ovmf/x64', 'OVMF_CODE.fd', 'OVMF_VARS.fd'),
  pair('/usr/share/qemu', 'ovmf-x86_64-4m-code.bin', 'ovmf-x86_64-4m-vars.bin'),
  pair('/usr/share/qemu', 'ovmf-x86_64-code.bin', 'ovmf-x86_64-vars.bin'),
  pair('/usr/share/qemu', 'edk2-x86_64-code.fd', 'edk2-i386-vars.fd'),
]

/** The first OVMF whose two files are there, or undefined. `root` is what the paths begin with. */
export function findOvmf(root = '/'): Ovmf | undefined {
  for (const { code, vars, format } of PLACES) {
    const found = { code: join(root, code), vars: join(root, vars), format }
    if (existsSync(found.code) && existsSync(found.vars)) return found
  }
  return undefined
}
