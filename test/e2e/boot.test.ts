import { expect, test } from 'vitest'
import { checkBoot } from '../../src/vm/bootCheck.ts'
import { Distro, IMAGES } from './support/distro.ts'

const distro = Distro.built()
const services = 'systemctl is-active ssh NetworkManager chrony'
const keys = 'ls /etc/ssh/ssh_host_ed25519_key'

test('the disk image boots under UEFI, root logs in without a password, and two copies are two machines', async () => {
  await distro.build(...IMAGES)
  const image = distro.path('output/levitateos.qcow2')
  const commands = [
    services,
    keys,
    'hostname',
    'findmnt -no FSTYPE /boot',
    'df -BG --output=size / | tail -1',
  ]
  const first = await checkBoot({ image, firmware: 'uefi', commands })
  expect(first).toMatchObject({
    systemState: 'running',
    failedUnits: [],
    poweredOff: true,
    root: { fstype: 'ext4' },
  })
  const [active, key, hostname, boot, size] = first.commands.map(({ output }) => output.trim())
  expect(active?.split(/\s+/)).toEqual(['active', 'active', 'active'])
  expect(key).toBe('/etc/ssh/ssh_host_ed25519_key')
  expect(hostname).toBe('levitate')
  expect(boot).toBe('vfat')
  expect(Number.parseInt(size!, 10)).toBeGreaterThan(240)
  const second = await checkBoot({ image, firmware: 'uefi' })
  expect(first.machineId).toMatch(/^[0-9a-f]{32}$/)
  expect(second.machineId).not.toBe(first.machineId)
})

for (const firmware of ['uefi', 'bios'] as const)
  test(`the ISO boots under ${firmware.toUpperCase()} into a running live system`, async () => {
    await distro.build(...IMAGES)
    const report = await checkBoot({
      image: distro.path('output/levitateos.iso'),
      firmware,
      commands: [services],
    })
    expect(report).toMatchObject({ systemState: 'running', failedUnits: [], root: { fstype: 'overlay' } })
    expect(report.commands[0]?.output.trim().split(/\s+/)).toEqual(['active', 'active', 'active'])
  })

test('the ISO boots from a USB disk, too', async () => {
  await distro.build(...IMAGES)
  const report = await checkBoot({
    image: distro.path('output/levitateos.iso'),
    firmware: 'uefi',
    bus: 'usb',
  })
  expect(report.systemState).toBe('running')
})
