import type { Ovmf } from './firmware.ts'
import { Failure } from '../platform/failure.ts'
import type { Accelerator } from './accelerator.ts'

export type Firmware = 'uefi' | 'bios'

/** What the image is plugged into. `sata` and `scsi` take an ISO as a CD, the others as a disk. */
export type Bus = 'virtio' | 'sata' | 'nvme' | 'scsi' | 'usb'

/** A virtual machine for one image. */
export interface Machine {
  /** Absolute path; the ending says what it is: `.qcow2`, `.raw` and `.img` are disks, `.iso` a CD. */
  readonly image: string
  /** `virtio` for a disk and `sata` for a CD, unless given. */
  readonly bus?: Bus
  readonly firmware: Firmware
  /** Needed for UEFI. */
  readonly ovmf?: Ovmf
  readonly accelerator: Accelerator['name']
  /** In MiB. */
  readonly memory: number
  readonly cpus: number
  /** Where the guest's screen goes. The first serial port is QEMU's standard input and output in any case. */
  readonly screen: 'none' | 'window'
  /** Whether the guest reaches more than the addresses that QEMU gives it. */
  readonly network: 'isolated' | 'open'
  /** Whether Ctrl-A is a key of QEMU's own (Ctrl-A X leaves), and Ctrl-C goes to the guest. */
  readonly interactive: boolean
}

/** A path inside an option of QEMU's, whose commas part options and are written twice. */
const escaped = (path: string): string => path.replaceAll(',', ',,')

/**
 * The argument vector for QEMU (7 or newer). Nothing that is given is ever written: the image and the firmware's
 * variables lie under temporary overlays (`snapshot=on`) that QEMU unlinks as soon as it has opened them, so that
 * nothing is left of them however it ends.
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
    ['-netdev', `user,id=net0${machine.network === 'isolated' ? ',restrict=on' : ''}`],
    // No option ROM: nothing is to be booted from a network.
    ['-device', 'virtio-net-pci,netdev=net0,romfile='],
    firmwareArguments(machine),
    imageArguments(machine),
  ].flat()
}

function firmwareArguments({ firmware, ovmf }: Machine): string[] {
  if (firmware === 'bios') return []
  if (ovmf === undefined) throw new Error('UEFI needs OVMF')
  const flash = `if=pflash,format=${ovmf.format}`
  return [
    ['-drive', `${flash},unit=0,readonly=on,file=${escaped(ovmf.code)}`],
    ['-drive', `${flash},unit=1,snapshot=on,file=${escaped(ovmf.vars)}`],
  ].flat()
}

/** Format and kind of an image, by the ending of its name. Throws a Failure for an ending that says nothing. */
export function imageKind(image: string): { readonly format: 'qcow2' | 'raw'; readonly cd: boolean } {
  if (image.endsWith('.qcow2')) return { format: 'qcow2', cd: false }
  if (image.endsWith('.raw') || image.endsWith('.img')) return { format: 'raw', cd: false }
  if (image.endsWith('.iso')) return { format: 'raw', cd: true }
  throw new Failure(`cannot tell what kind of image '${image}' is`, {
    hint: 'the name of an image that can boot ends in .qcow2, .raw, .img or .iso',
    exitCode: 2,
  })
}

function imageArguments({ image, bus }: Machine): string[] {
  const { format, cd } = imageKind(image)
  const plug = bus ?? (cd ? 'sata' : 'virtio')
  const asCd = cd && (plug === 'sata' || plug === 'scsi')
  const access = asCd ? 'media=cdrom,readonly=on' : 'snapshot=on'
  const type = asCd ? 'cd' : 'hd'
  const devices: Record<Bus, readonly string[]> = {
    virtio: ['virtio-blk-pci'],
    sata: [`ide-${type},bus=ide.0`],
    nvme: ['nvme,serial=lbuild'],
    scsi: ['virtio-scsi-pci,id=scsi0', `scsi-${type},bus=scsi0.0`],
    usb: ['qemu-xhci,id=usb0', 'usb-storage,bus=usb0.0,removable=on'],
  }
  const [last, ...buses] = devices[plug].toReversed()
  return [
    ['-drive', `if=none,id=image,format=${format},${access},file=${escaped(image)}`],
    buses.flatMap((device) => ['-device', device]),
    ['-device', `${last},drive=image,bootindex=0`],
  ].flat()
}
