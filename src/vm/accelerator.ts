import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How QEMU runs the guest's code, and why in this way. */
export interface Accelerator {
  readonly name: 'kvm' | 'tcg'
  readonly reason: string
}

/** What the choice asks of the machine; tests answer for themselves. */
export interface KvmHost {
  /** Whether /dev/kvm can be opened for writing. */
  writable(): boolean
  /** The text of /proc/cpuinfo. */
  cpuinfo(): string
  /** Whether a guest really runs with KVM. */
  probe(): Promise<boolean>
}

/**
 * KVM if it truly works, TCG otherwise. A /dev/kvm that opens proves little: without VMX or SVM in the processor's
 * flags (nested hosts, KVM variants without hardware) guests hang without a word, so each doubt ends in TCG.
 */
export async function chooseAccelerator(host: KvmHost): Promise<Accelerator> {
  if (!host.writable()) return { name: 'tcg', reason: '/dev/kvm cannot be written' }
  if (!/^flags\s*:.*\b(?:vmx|svm)\b/m.test(host.cpuinfo()))
    return { name: 'tcg', reason: 'the processor shows neither vmx nor svm' }
  if (!(await host.probe())) return { name: 'tcg', reason: 'a guest under KVM did not run' }
  return { name: 'kvm', reason: 'a guest under KVM ran' }
}

/** This machine, probed with the given QEMU. */
export const kvmHost = (qemu: string): KvmHost => ({
  writable: () => allowed('/dev/kvm', constants.R_OK | constants.W_OK),
  cpuinfo: () => readFileSync('/proc/cpuinfo', 'utf8'),
  probe: async () => runsGuest(qemu, ['-accel', 'kvm', '-cpu', 'host']),
})

function allowed(path: string, mode: number): boolean {
  try {
    accessSync(path, mode)
    return true
  } catch {
    return false
  }
}

/** The smallest firmware that QEMU takes, and where a processor begins: 16 bytes before its end. */
const FIRMWARE_SIZE = 65_536
const RESET_VECTOR = FIRMWARE_SIZE - 16
/** mov al, 0x10; out 0xf4, al; hlt: QEMU's isa-debug-exit device then leaves with (0x10 << 1) | 1. */
const LEAVE = Uint8Array.of(0xb0, 0x10, 0xe6, 0xf4, 0xf4)
const LEFT = 33
/** Two thousand times what the probe needs, in milliseconds: a guest that hangs must not hang the check. */
const PROBE_LIMIT = 10_000

/**
 * Whether a guest runs with these accelerator arguments: one whose whole firmware tells QEMU to exit. False when QEMU
 * refuses, crashes, or says nothing for ten seconds.
 */
export async function runsGuest(qemu: string, accelerator: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'lbuild-probe-'))
  try {
    const firmware = join(folder, 'firmware')
    const image = new Uint8Array(FIRMWARE_SIZE)
    image.set(LEAVE, RESET_VECTOR)
    await writeFile(firmware, image)
    const machine = ['-machine', 'q35', '-m', '16', '-nodefaults', '-display', 'none', '-no-reboot']
    const exit = ['-device', 'isa-debug-exit,iobase=0xf4,iosize=0x04']
    const child = spawn(qemu, [...machine, ...exit, ...accelerator, '-bios', firmware], {
      stdio: 'ignore',
      timeout: PROBE_LIMIT,
      killSignal: 'SIGKILL',
    })
    return await new Promise((resolve) => {
      child.once('error', () => resolve(false))
      child.once('exit', (code) => resolve(code === LEFT))
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
