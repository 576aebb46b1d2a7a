// Tests the choice between KVM and TCG.
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { chooseAccelerator, type KvmHost, kvmHost, runsGuest } from '../../src/vm/accelerator.ts'

const INTEL = 'processor\t: 0\nflags\t\t: fpu vme de vmx smx est\nbugs\t\t: none\n'
const AMD = 'processor\t: 0\nflags\t\t: fpu vme de svm lahf_lm\n'
const NEITHER = 'processor\t: 0\nmodel name\t: svm vmx\nflags\t\t: fpu vmxnet avx\nvmx flags\t: vnmi\n'

const host = (answers: { writable?: boolean; cpuinfo?: string; runs?: boolean }): KvmHost => ({
  writable: () => answers.writable ?? true,
  cpuinfo: () => answers.cpuinfo ?? INTEL,
  probe: async () => answers.runs ?? true,
})

test.each([
  ['everything works on Intel', {}, 'kvm', 'a test guest ran under KVM'],
  ['everything works on AMD', { cpuinfo: AMD }, 'kvm', 'a test guest ran under KVM'],
  ['the device is not writable', { writable: false }, 'tcg', '/dev/kvm is not writable'],
  ['the flags are missing', { cpuinfo: NEITHER }, 'tcg', 'the processor has neither vmx nor svm'],
  ['a guest hangs', { runs: false }, 'tcg', 'a test guest did not run under KVM'],
])('chooses by evidence when %s', async (_, answers, name, reason) => {
  expect(await chooseAccelerator(host(answers))).toEqual({ name, reason })
})

test('probes nothing that cannot work', async () => {
  const probe = async (): Promise<boolean> => expect.fail('probed')
  await chooseAccelerator({ ...host({ writable: false }), probe })
  await chooseAccelerator({ ...host({ cpuinfo: NEITHER }), probe })
})

test('reads the facts of this host', () => {
  const here = kvmHost('/nonexistent/qemu')
  expect(here.cpuinfo()).toMatch(/^flags\s*:/m)
  expect(here.writable()).toBeTypeOf('boolean')
})

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lbuild-test-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** A stand-in for QEMU. */
function fake(name: string, script: string): string {
  const path = join(folder, name)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

test('believes that a guest ran only if QEMU exits with the code of the guest', async () => {
  const asked = join(folder, 'asked')
  // The last argument is the firmware: 64 KiB, whose code lies at the reset vector.
  const runs = fake(
    'runs',
    `for last; do :; done; wc -c < "$last" > ${asked}; echo "$*" >> ${asked}; exit 33`,
  )
  expect(await runsGuest(runs, ['-accel', 'kvm'])).toBe(true)
  expect(readFileSync(asked, 'utf8')).toMatch(/^65536\n-machine q35 .* -accel kvm -bios \S+\n$/)
  expect(await runsGuest(fake('refuses', 'exit 1'), [])).toBe(false)
  expect(await runsGuest(fake('leaves', 'exit 0'), [])).toBe(false)
  expect(await runsGuest(fake('crashes', 'kill -ABRT $$'), [])).toBe(false)
  expect(await runsGuest(join(folder, 'nothing'), [])).toBe(false)
})
