// Tests which system calls the sandbox refuses, on architectures that this host may not have.
import { expect, it } from 'vitest'
import { systemCallFilter } from '../../src/sandbox/systemCalls.ts'

/** Runs the filter as the kernel does, for the few operations that it has (Linux: Documentation/networking/filter.rst). */
function verdict(architecture: number, number: number): string {
  const filter = systemCallFilter()
  let loaded = 0
  for (let at = 0; at < filter.length; at += 8) {
    const operand = filter.readUInt32LE(at + 4)
    const operation = filter.readUInt16LE(at)
    if (operation === 0x20) loaded = operand === 0 ? number : architecture
    else if (operation === 0x15) at += 8 * filter.readUInt8(at + (loaded === operand ? 2 : 3))
    else return operand === 0x7fff_0000 ? 'allowed' : `error ${operand & 0xffff}`
  }
  return 'no verdict'
}

const ENOSYS = 38

it.each([
  ['x86-64', 0xc000_003e, [248, 249, 250], [0, 1, 59, 247, 251]],
  ['x32', 0xc000_003e, [0x4000_00f8, 0x4000_00f9, 0x4000_00fa], [0x4000_00f7]],
  ['i386', 0x4000_0003, [286, 287, 288], [248, 249, 250, 285, 289]],
  ['arm64', 0xc000_00b7, [217, 218, 219], [216, 220, 248]],
  ['arm', 0x4000_0028, [309, 310, 311], [217, 308, 312]],
  ['riscv64', 0xc000_00f3, [217, 218, 219], [216, 220]],
] as const)('refuses keyrings, and nothing else, on %s', (_, architecture, refused, allowed) => {
  for (const number of refused) expect(verdict(architecture, number)).toBe(`error ${ENOSYS}`)
  for (const number of allowed) expect(verdict(architecture, number)).toBe('allowed')
})

it('allows every call of an architecture that it does not know', () => {
  expect([217, 248, 286, 309].map((number) => verdict(0xc000_0016, number))).toEqual(Array(4).fill('allowed'))
})
