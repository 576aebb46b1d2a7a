// Prepares a virtual machine for an image: finds QEMU and its firmware, and chooses the accelerator.
import { resolve } from 'node:path'
import { Failure } from '../platform/failure.ts'
import { findOvmf } from './firmware.ts'
import { findTool, isFile, SEARCH_PATH } from '../platform/findTool.ts'
import { missingTools, MissingToolsFailure } from '../platform/missingTools.ts'
import { type Accelerator, chooseAccelerator, kvmHost } from './accelerator.ts'
import { type Bus, DEFAULT_MEMORY, type Firmware, imageKind, type Machine, qemuArguments } from './qemu.ts'

/** Options of every command that starts an image. */
export interface MachineOptions {
  /** Path of the image: `.qcow2`, `.raw`, `.img` or `.iso`. It is never written. */
  readonly image: string
  /** UEFI by default. */
  readonly firmware?: Firmware
  /** The bus of the image: by default virtio for a disk and SATA for a CD; `usb` makes an ISO a USB disk. */
  readonly bus?: Bus
  /** The size of the memory in MiB; {@link DEFAULT_MEMORY} by default. */
  readonly memory?: number
  /** 2 by default. */
  readonly cpus?: number
  /** The accelerator; by default KVM if it works on this host, otherwise TCG. */
  readonly accelerator?: Accelerator['name']
  /** Where to look for QEMU and setpriv, as in PATH. */
  readonly searchPath?: string
  /** Kills the machine, and rejects the promise with the signal's reason. */
  readonly signal?: AbortSignal
}

/** A machine that is ready to start. */
export interface PreparedMachine {
  readonly setpriv: string
  /** QEMU and its arguments. */
  readonly command: readonly string[]
  readonly firmware: Firmware
  readonly accelerator: Accelerator
}

/**
 * Looks up everything that an image needs to start. Throws a Failure that names the missing image, or all missing
 * tools.
 */
export async function prepareMachine(
  options: MachineOptions,
  use: Pick<Machine, 'screen' | 'network' | 'interactive' | 'sshPort'>,
): Promise<PreparedMachine> {
  const { firmware = 'uefi', searchPath = SEARCH_PATH } = options
  const image = resolve(options.image)
  imageKind(image)
  if (!isFile(image))
    throw new Failure(`the image '${options.image}' does not exist`, { hint: 'build it first', exitCode: 2 })

  const qemu = findTool('qemu-system-x86_64', searchPath)
  const setpriv = findTool('setpriv', searchPath)
  const ovmf = firmware === 'uefi' ? findOvmf() : undefined
  if (qemu === undefined || setpriv === undefined || (firmware === 'uefi' && ovmf === undefined)) {
    const missing = [
      ...missingTools(['qemu-system-x86_64', 'setpriv'], searchPath),
      ...(firmware === 'uefi' && ovmf === undefined ? ['ovmf'] : []),
    ]
    throw new MissingToolsFailure(missing)
  }

  const accelerator =
    options.accelerator === undefined
      ? await chooseAccelerator(kvmHost(qemu))
      : { name: options.accelerator, reason: 'requested' }
  options.signal?.throwIfAborted()
  const machine: Machine = {
    ...use,
    image,
    firmware,
    ...(ovmf === undefined ? {} : { ovmf }),
    ...(options.bus === undefined ? {} : { bus: options.bus }),
    accelerator: accelerator.name,
    memory: options.memory ?? DEFAULT_MEMORY,
    cpus: options.cpus ?? 2,
  }
  return { setpriv, command: [qemu, ...qemuArguments(machine)], firmware, accelerator }
}
