// Finds UEFI firmware for virtual machines on the host.
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** UEFI firmware for a virtual machine: read-only code, and a template for its variables. */
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
 * Where the packages ovmf, edk2-ovmf and qemu-ovmf-x86_64 and QEMU itself (pc-bios/) install OVMF for x86-64 without
 * Secure Boot; the newest layout of each comes first.
 */
const CANDIDATES: readonly Ovmf[] = [
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

/** Returns the first OVMF whose two files exist below `root`. */
export function findOvmf(root = '/'): Ovmf | undefined {
  for (const { code, vars, format } of CANDIDATES) {
    const found = { code: join(root, code), vars: join(root, vars), format }
    if (existsSync(found.code) && existsSync(found.vars)) return found
  }
  return undefined
}
