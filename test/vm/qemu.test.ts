// Tests the command line of QEMU.
import { describe, expect, test } from 'vitest'
import { imageKind, type Machine, qemuArguments } from '../../src/vm/qemu.ts'
import { Failure } from '../../src/platform/failure.ts'

const OVMF = { code: '/fw/CODE.fd', vars: '/fw/VARS.fd', format: 'raw' } as const
const CHECK: Machine = {
  image: '/out/os.qcow2',
  firmware: 'uefi',
  ovmf: OVMF,
  accelerator: 'tcg',
  memory: 2048,
  cpus: 2,
  screen: 'none',
  network: 'isolated',
  interactive: false,
}

/** The values of one option, in order. */
const values = (machine: Machine, option: string): string[] => {
  const args = qemuArguments(machine)
  return args.filter((_, i) => args[i - 1] === option)
}

describe('the arguments for QEMU', () => {
  test('start a headless machine for a check', () => {
    expect(qemuArguments(CHECK)).toEqual(
      [
        ['-machine', 'q35,graphics=off', '-accel', 'tcg', '-cpu', 'max', '-m', '2048M', '-smp', '2'],
        [
          '-nodefaults',
          '-no-user-config',
          '-no-reboot',
          '-boot',
          'strict=on',
          '-vga',
          'std',
          '-display',
          'none',
        ],
        [
          '-chardev',
          'stdio,id=serial0,signal=off',
          '-serial',
          'chardev:serial0',
          '-device',
          'virtio-rng-pci',
        ],
        ['-netdev', 'user,id=net0,restrict=on', '-device', 'virtio-net-pci,netdev=net0,romfile='],
        ['-drive', 'if=pflash,format=raw,unit=0,readonly=on,file=/fw/CODE.fd'],
        ['-drive', 'if=pflash,format=raw,unit=1,snapshot=on,file=/fw/VARS.fd'],
        ['-drive', 'if=none,id=image,format=qcow2,snapshot=on,file=/out/os.qcow2'],
        ['-device', 'virtio-blk-pci,drive=image,bootindex=0'],
      ].flat(),
    )
  })

  test('give an interactive run a monitor on the console and a network', () => {
    const args = qemuArguments({ ...CHECK, network: 'open', interactive: true })
    expect(args).toContain('stdio,id=serial0,mux=on,signal=off')
    expect(args).toContain('chardev=serial0,mode=readline')
    expect(args).toContain('user,id=net0')
  })

  test('connect a port of this host alone with ssh in the guest', () => {
    const args = qemuArguments({ ...CHECK, network: 'open', sshPort: 2222 })
    expect(args).toContain('user,id=net0,hostfwd=tcp:127.0.0.1:2222-:22')
  })

  test('enable graphics for a window, and leave the display to QEMU', () => {
    expect(values({ ...CHECK, screen: 'window' }, '-machine')).toEqual(['q35'])
    expect(values({ ...CHECK, screen: 'window' }, '-display')).toEqual([])
  })

  test('pass the host processor through under KVM', () => {
    expect(values({ ...CHECK, accelerator: 'kvm' }, '-cpu')).toEqual(['host'])
  })

  test('have no flash for a BIOS', () => {
    expect(values({ ...CHECK, firmware: 'bios' }, '-drive')).toHaveLength(1)
  })

  test('accept firmware as qcow2', () => {
    const flash = values({ ...CHECK, ovmf: { ...OVMF, format: 'qcow2' } }, '-drive').slice(0, 2)
    expect(flash.every((drive) => drive.startsWith('if=pflash,format=qcow2,'))).toBe(true)
  })

  test('double the commas in paths', () => {
    expect(values({ ...CHECK, image: '/a,b/c,,d.raw' }, '-drive').at(-1)).toBe(
      'if=none,id=image,format=raw,snapshot=on,file=/a,,b/c,,,,d.raw',
    )
  })

  test.each([
    ['/os.iso', undefined, 'media=cdrom,readonly=on', ['ide-cd,bus=ide.0,drive=image,bootindex=0']],
    [
      '/os.iso',
      'usb',
      'snapshot=on',
      ['qemu-xhci,id=usb0', 'usb-storage,bus=usb0.0,removable=on,drive=image,bootindex=0'],
    ],
    [
      '/os.iso',
      'scsi',
      'media=cdrom,readonly=on',
      ['virtio-scsi-pci,id=scsi0', 'scsi-cd,bus=scsi0.0,drive=image,bootindex=0'],
    ],
    ['/os.iso', 'virtio', 'snapshot=on', ['virtio-blk-pci,drive=image,bootindex=0']],
    ['/os.raw', 'sata', 'snapshot=on', ['ide-hd,bus=ide.0,drive=image,bootindex=0']],
    ['/os.img', 'nvme', 'snapshot=on', ['nvme,serial=lbuild,drive=image,bootindex=0']],
    [
      '/os.raw',
      'scsi',
      'snapshot=on',
      ['virtio-scsi-pci,id=scsi0', 'scsi-hd,bus=scsi0.0,drive=image,bootindex=0'],
    ],
  ] as const)('attach %s to %s', (image, bus, access, devices) => {
    const machine = { ...CHECK, firmware: 'bios', image, ...(bus === undefined ? {} : { bus }) } as const
    expect(values(machine, '-drive')).toEqual([`if=none,id=image,format=raw,${access},file=${image}`])
    expect(values(machine, '-device').slice(-devices.length)).toEqual(devices)
  })

  test('never attach a writable medium', () => {
    for (const image of ['/a.iso', '/a.qcow2', '/a.raw'])
      for (const bus of ['virtio', 'sata', 'nvme', 'scsi', 'usb'] as const)
        for (const drive of values({ ...CHECK, image, bus }, '-drive'))
          expect(drive).toMatch(/,(?:readonly|snapshot)=on,/)
  })
})

test('the extension decides the kind of an image, and an unknown one is an error', () => {
  expect(imageKind('a.qcow2')).toEqual({ format: 'qcow2', cd: false })
  expect(imageKind('a.iso')).toEqual({ format: 'raw', cd: true })
  expect(() => imageKind('vmlinuz')).toThrow(Failure)
})
