// Chooses between KVM and TCG for virtual machines.
import { spawn } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How QEMU runs the guest's code, and why. */
export interface Accelerator {
  readonly name: 'kvm' | 'tcg'
  readonly reason: string
}

/** What the choice depends on; tests replace it. */
export interface KvmHost {
  /** Whether /dev/kvm can be opened for writing. */
  writable(): boolean
  /** The text of /proc/cpuinfo. */
  cpuinfo(): string
  /** Whether a guest runs under KVM. */
  probe(): Promise<boolean>
}

/**
 * KVM if it works, else TCG. It is not enough that /dev/kvm opens: without VMX or SVM in the processor's flags (nested
 * hosts, KVM variants without hardware) guests hang silently. If in doubt, lbuild uses TCG.
 */
export async function chooseAccelerator(host: KvmHost): Promise<Accelerator> {
  if (!host.writable()) return { name: 'tcg', reason: '/dev/kvm is not writable' }
  if (!/^flags\s*:.*\b(?:vmx|svm)\b/m.test(host.cpuinfo()))
    return { name: 'tcg', reason: 'the processor has neither vmx nor svm' }
  if (!(await host.probe())) return { name: 'tcg', reason: 'a test guest did not run under KVM' }
  return { name: 'kvm', reason: 'a test guest ran under KVM' }
}

/** This host, probed with the given QEMU. */
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

/** The smallest firmware that QEMU accepts; the processor starts 16 bytes before its end. */
const FIRMWARE_SIZE = 65_536
const RESET_VECTOR = FIRMWARE_SIZE - 16
/** mov al, 0x10; out 0xf4, al; hlt: QEMU's isa-debug-exit device then exits with (0x10 << 1) | 1. */
const EXIT_CODE = Uint8Array.of(0xb0, 0x10, 0xe6, 0xf4, 0xf4)
const EXIT_STATUS = 33
/** In milliseconds; two thousand times what the probe needs, so that only a hanging guest exceeds it. */
const PROBE_LIMIT = 10_000

/**
 * Whether a guest runs with these accelerator arguments; its firmware only tells QEMU to exit. False when QEMU refuses,
 * crashes, or does not exit within ten seconds.
 */
export async function runsGuest(qemu: string, accelerator: readonly string[]): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), 'lbuild-probe-'))
  try {
    const firmware = join(folder, 'firmware')
    const image = new Uint8Array(FIRMWARE_SIZE)
    image.set(EXIT_CODE, RESET_VECTOR)
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
      child.once('exit', (code) => resolve(code === EXIT_STATUS))
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
