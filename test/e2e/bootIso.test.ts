// Tests the ISO in virtual machines.
import { expect, test } from 'vitest'
import { checkBoot } from '../../src/vm/bootCheck.ts'
import { Distro, PATIENT_BOOT, SERVICES } from './support/distro.ts'
import { firstCommand } from './support/shell.ts'

const distro = Distro.built()

for (const firmware of ['uefi', 'bios'] as const)
  test(`the ISO boots under ${firmware.toUpperCase()} into a running live system`, async () => {
    const report = await checkBoot({
      ...PATIENT_BOOT,
      image: distro.path('output/levitateos.iso'),
      firmware,
      commands: [SERVICES],
    })
    expect(report).toMatchObject({ systemState: 'running', failedUnits: [], root: { fstype: 'overlay' } })
    expect(report.commands[0]?.output.trim().split(/\s+/)).toEqual(['active', 'active', 'active'])
  })

test('the ISO boots from a USB disk into a live system', async () => {
  const image = distro.path('output/levitateos.iso')
  const root = await firstCommand({ image, firmware: 'uefi', bus: 'usb' }, 'findmnt -rn -o FSTYPE /')
  expect(root).toBe('overlay')
})
