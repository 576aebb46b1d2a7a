// Tests the disk image in virtual machines.
import { expect, test } from 'vitest'
import { checkBoot } from '../../src/vm/bootCheck.ts'
import { Distro, PATIENT_BOOT, SERVICES } from './support/distro.ts'
import { firstCommand } from './support/shell.ts'

const distro = Distro.built()
const keys = 'ls /etc/ssh/ssh_host_ed25519_key'

test('the disk image boots under UEFI, root logs in without a password, and each copy gets its own machine id', async () => {
  const image = distro.path('output/levitateos.qcow2')
  const commands = [
    SERVICES,
    keys,
    'hostname',
    'findmnt -no FSTYPE /boot',
    'df -BG --output=size / | tail -1',
  ]
  const first = await checkBoot({ ...PATIENT_BOOT, image, firmware: 'uefi', commands })
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
  const second = await firstCommand({ image, firmware: 'uefi' }, 'cat /etc/machine-id')
  for (const machineId of [first.machineId, second]) expect(machineId).toMatch(/^[0-9a-f]{32}$/)
  expect(second).not.toBe(first.machineId)
})
