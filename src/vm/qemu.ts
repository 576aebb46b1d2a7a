// Builds the command line of QEMU for a virtual machine.
import type { Ovmf } from './firmware.ts'
import { Failure } from '../platform/failure.ts'
import type { Accelerator } from './accelerator.ts'

export type Firmware = 'uefi' | 'bios'

/** The bus of the image. `sata` and `scsi` attach an ISO as a CD, the others as a disk. */
export type Bus = 'virtio' | 'sata' | 'nvme' | 'scsi' | 'usb'

/** The default size of the memory in MiB. */
export const DEFAULT_MEMORY = 2048

/** A virtual machine for one image. */
export interface Machine {
  /** Absolute path; `.qcow2`, `.raw` and `.img` are disks, `.iso` is a CD. */
  readonly image: string
  /** The bus; by default `virtio` for a disk and `sata` for a CD. */
  readonly bus?: Bus
  readonly firmware: Firmware
  /** Required for UEFI. */
  readonly ovmf?: Ovmf
  readonly accelerator: Accelerator['name']
  /** The size of the memory in MiB. */
  readonly memory: number
  readonly cpus: number
  /** Where QEMU shows the guest's screen. The first serial port is always QEMU's standard input and output. */
  readonly screen: 'none' | 'window'
  /** Whether the guest reaches anything beyond QEMU's own addresses. */
  readonly network: 'isolated' | 'open'
  /** The port of this host, on 127.0.0.1, that leads to the guest's port 22. */
  readonly sshPort?: number
  /** Whether QEMU handles Ctrl-A itself (Ctrl-A X quits) and passes Ctrl-C to the guest. */
  readonly interactive: boolean
}

/** Escapes a path in a QEMU option, in which commas separate parts and are doubled. */
const escaped = (path: string): string => path.replaceAll(',', ',,')

/**
 * The argument vector for QEMU 7 or newer. QEMU writes to none of the files that it is given: the image and the
 * firmware's variables have temporary overlays (`snapshot=on`), which QEMU unlinks as soon as it has opened them, so
 * that none survives it.
 */
export function qemuArguments(machine: Machine): string[] {
  const { accelerator, screen, interactive } = machine
  return [
    // Without graphics, SeaBIOS and boot loaders that use the BIOS write to the serial port.
    ['-machine', screen === 'none' ? 'q35,graphics=off' : 'q35'],
    ['-accel', accelerator, '-cpu', accelerator === 'kvm' ? 'host' : 'max'],
    ['-m', `${machine.memory}M`, '-smp', String(machine.cpus)],
    ['-nodefaults', '-no-user-config', '-no-reboot', '-boot', 'strict=on'],
    ['-vga', 'std'],
    screen === 'none' ? ['-display', 'none'] : [],
    ['-chardev', `stdio,id=serial0,${interactive ? 'mux=on,signal=off' : 'signal=off'}`],
    ['-serial', 'chardev:serial0'],
    interactive ? ['-mon', 'chardev=serial0,mode=readline'] : [],
    ['-device', 'virtio-rng-pci'],
    ['-netdev', networkOf(machine)],
    // Without an option ROM the machine cannot boot from the network.
    ['-device', 'virtio-net-pci,netdev=net0,romfile='],
    firmwareArguments(machine),
    imageArguments(machine),
  ].flat()
}

function networkOf({ network, sshPort }: Machine): string {
  const restriction = network === 'isolated' ? ',restrict=on' : ''
  const forwarding = sshPort === undefined ? '' : `,hostfwd=tcp:127.0.0.1:${sshPort}-:22`
  return `user,id=net0${restriction}${forwarding}`
}

function firmwareArguments({ firmware, ovmf }: Machine): string[] {
  if (firmware === 'bios') return []
  if (ovmf === undefined) throw new Error('UEFI requires OVMF')
  const flash = `if=pflash,format=${ovmf.format}`
  return [
    ['-drive', `${flash},unit=0,readonly=on,file=${escaped(ovmf.code)}`],
    ['-drive', `${flash},unit=1,snapshot=on,file=${escaped(ovmf.vars)}`],
  ].flat()
}

/** Format and kind of an image by its extension. Throws a Failure (exit code 2) for an unknown extension. */
export function imageKind(image: string): { readonly format: 'qcow2' | 'raw'; readonly cd: boolean } {
  if (image.endsWith('.qcow2')) return { format: 'qcow2', cd: false }
  if (image.endsWith('.raw') || image.endsWith('.img')) return { format: 'raw', cd: false }
  if (image.endsWith('.iso')) return { format: 'raw', cd: true }
  throw new Failure(`unknown kind of image '${image}'`, {
    hint: 'name a file that ends in .qcow2, .raw, .img or .iso',
    exitCode: 2,
  })
}

function imageArguments({ image, bus }: Machine): string[] {
  const { format, cd } = imageKind(image)
  const plugged = bus ?? (cd ? 'sata' : 'virtio')
  const asCd = cd && (plugged === 'sata' || plugged === 'scsi')
  const access = asCd ? 'media=cdrom,readonly=on' : 'snapshot=on'
  const type = asCd ? 'cd' : 'hd'
  const devices: Record<Bus, readonly string[]> = {
    virtio: ['virtio-blk-pci'],
    sata: [`ide-${type},bus=ide.0`],
    nvme: ['nvme,serial=lbuild'],
    scsi: ['virtio-scsi-pci,id=scsi0', `scsi-${type},bus=scsi0.0`],
    usb: ['qemu-xhci,id=usb0', 'usb-storage,bus=usb0.0,removable=on'],
  }
  const [last, ...buses] = devices[plugged].toReversed()
  return [
    ['-drive', `if=none,id=image,format=${format},${access},file=${escaped(image)}`],
    buses.flatMap((device) => ['-device', device]),
    ['-device', `${last},drive=image,bootindex=0`],
  ].flat()
}
