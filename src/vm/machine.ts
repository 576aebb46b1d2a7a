import { resolve } from 'node:path'
import { Failure } from '../platform/failure.ts'
import { findOvmf } from './firmware.ts'
import { detectManager, missingTools, missingToolsFailure } from '../debian/install.ts'
import { findTool, isFile, SEARCH_PATH } from '../platform/findTool.ts'
import { type Accelerator, chooseAccelerator, kvmHost } from './accelerator.ts'
import { type Bus, type Firmware, imageKind, type Machine, qemuArguments } from './qemu.ts'

/** What is common to a boot check and an interactive run. */
export interface MachineOptions {
  /** Path of the image: `.qcow2`, `.raw`, `.img` or `.iso`. It is never written. */
  readonly image: string
  /** UEFI unless given. */
  readonly firmware?: Firmware
  /** What the image is plugged into: virtio for a disk, SATA for a CD unless given; `usb` makes an ISO a USB disk. */
  readonly bus?: Bus
  /** In MiB; 2048 unless given. */
  readonly memory?: number
  /** 2 unless given. */
  readonly cpus?: number
  /** KVM if it truly works, unless given. */
  readonly accelerator?: Accelerator['name']
  /** Where QEMU and setpriv are looked for. */
  readonly searchPath?: string
  /** Ends the machine, and the promise with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A machine that is ready to be started. */
export interface PreparedMachine {
  readonly setpriv: string
  /** QEMU and its arguments. */
  readonly command: readonly string[]
  readonly firmware: Firmware
  readonly accelerator: Accelerator
}

/**
 * Looks up everything that starting an image needs. Throws a Failure when the image, or one of the tools, is not
 * there; it names all of them.
 */
export async function prepareMachine(
  options: MachineOptions,
  use: Pick<Machine, 'screen' | 'network' | 'interactive'>,
): Promise<PreparedMachine> {
  const { firmware = 'uefi', searchPath = SEARCH_PATH } = options
  const image = resolve(options.image)
  imageKind(image)
  if (!isFile(image))
    throw new Failure(`there is no image '${options.image}'`, { hint: 'build it first', exitCode: 2 })

  const needed = ['qemu-system-x86_64', 'setpriv', ...(firmware === 'uefi' ? ['ovmf'] : [])]
  const missing = missingTools(needed, searchPath)
  if (missing.length > 0) throw missingToolsFailure(missing, detectManager(searchPath))
  const qemu = findTool('qemu-system-x86_64', searchPath)!
  const ovmf = firmware === 'uefi' ? findOvmf() : undefined

  const accelerator =
    options.accelerator === undefined
      ? await chooseAccelerator(kvmHost(qemu))
      : { name: options.accelerator, reason: 'as asked for' }
  options.signal?.throwIfAborted()
  const machine: Machine = {
    ...use,
    image,
    firmware,
    ...(ovmf === undefined ? {} : { ovmf }),
    ...(options.bus === undefined ? {} : { bus: options.bus }),
    accelerator: accelerator.name,
    memory: options.memory ?? 2048,
    cpus: options.cpus ?? 2,
  }
  const setpriv = findTool('setpriv', searchPath)!
  return { setpriv, command: [qemu, ...qemuArguments(machine)], firmware, accelerator }
}
