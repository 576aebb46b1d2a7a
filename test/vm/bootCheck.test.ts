// Tests the boot check with a shell script in place of QEMU.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type BootOptions, checkBoot } from '../../src/vm/bootCheck.ts'
import { systemClock } from '../../src/vm/clock.ts'
import { runImage } from '../../src/vm/runImage.ts'
import { Failure } from '../../src/platform/failure.ts'
import { findTool } from '../../src/platform/findTool.ts'
import { file, folder, program } from '../support/fakes.ts'

/** An image, and a QEMU that is a shell script. */
function machine(qemu: string): BootOptions & { readonly root: string } {
  const root = folder()
  program(root, 'bin/qemu-system-x86_64', qemu)
  symlinkSync(findTool('setpriv')!, join(root, 'bin/setpriv'))
  const image = file(root, 'os.raw')
  return { root, image, firmware: 'bios', accelerator: 'tcg', searchPath: join(root, 'bin') }
}

/** A guest that is the shell that reads its console, with a few commands of its own. */
function guest(): BootOptions & { readonly root: string } {
  const options = machine(`
    tools=$(dirname "$0")/../guest
    printf 'Linux version 6.1\\nlevitate login: '; read -r user; printf '\\n# '
    poweroff() { echo 'reboot: Power down'; exit 0; }
    PATH=$tools; while read -r line; do eval "$line"; printf '# '; done
  `)
  mkdirSync(join(options.root, 'guest'))
  for (const name of ['sh', 'cat']) symlinkSync(findTool(name)!, join(options.root, 'guest', name))
  for (const name of ['stty', 'dmesg']) program(options.root, `guest/${name}`)
  program(options.root, 'guest/id', 'echo root')
  program(options.root, 'guest/timeout', 'shift; "$@"')
  program(options.root, 'guest/systemctl', '[ $1 != is-system-running ] || echo running')
  program(options.root, 'guest/findmnt', 'echo /dev/vda2 ext4 251G')
  program(options.root, 'guest/uname', 'echo 6.1.0')
  return options
}

/** Lets the boot check's time pass 20 times faster until the end of the test. */
function hurry(): void {
  const { now, after } = systemClock
  const clocks = [
    vi.spyOn(systemClock, 'now').mockImplementation(() => 20 * now()),
    vi.spyOn(systemClock, 'after').mockImplementation((seconds, callback) => after(seconds / 20, callback)),
  ]
  onTestFinished(() => clocks.forEach((clock) => clock.mockRestore()))
}

test('reports a boot, and writes every byte of the console to the log', async () => {
  const options = guest()
  const log = join(options.root, 'logs/console')
  const report = await checkBoot({ ...options, log, commands: ['echo $((6 * 7)); exit 5'] })
  expect(report).toMatchObject({
    firmware: 'bios',
    accelerator: { name: 'tcg', reason: 'requested' },
    systemState: 'running',
    root: { source: '/dev/vda2' },
    commands: [{ status: 5, output: '42' }],
    poweredOff: true,
  })
  expect(report.secondsToLogin).toBeGreaterThan(0)
  expect(readFileSync(log, 'utf8')).toMatch(
    /^Linux version 6\.1\nlevitate login: \n# [^]*reboot: Power down\n$/,
  )
})

test('reports the error messages of a QEMU that fails', async () => {
  const options = machine('echo "qemu: could not open disk" >&2; exit 1')
  await expect(checkBoot(options)).rejects.toMatchObject({
    kind: 'ended',
    headline: 'os.raw: the machine powered off before lbuild asked it to',
    facts: expect.arrayContaining([['QEMU', 'exit code 1\nqemu: could not open disk']]),
  })
})

test('boots again, up to three times in all, if the emulator delivered the first timer ticks too late', async () => {
  hurry()
  const options = machine(`
    echo boot >> "$(dirname "$0")/../boots"
    echo "Linux version 6.1"; echo "Kernel panic - not syncing: IO-APIC + timer doesn't work!"; exec sleep 600
  `)
  await expect(checkBoot(options)).rejects.toMatchObject({ kind: 'panic' })
  expect(readFileSync(join(options.root, 'boots'), 'utf8')).toBe('boot\nboot\nboot\n')
})

test('kills the machine on an abort, and rejects with its reason', async () => {
  const interrupt = new AbortController()
  const options = machine('echo "Linux version 6.1"; trap "" TERM INT; exec sleep 600')
  const reason = new Error('interrupted')
  const check = checkBoot({ ...options, signal: interrupt.signal, onStage: () => interrupt.abort(reason) })
  await expect(check).rejects.toBe(reason)
})

test('names a missing image, missing tools and an unwritable log before anything starts', async () => {
  const options = machine('exit 0')
  await expect(checkBoot({ ...options, image: join(options.root, 'no.iso') })).rejects.toMatchObject({
    headline: expect.stringContaining('no.iso'),
    exitCode: 2,
  })
  await expect(checkBoot({ ...options, searchPath: folder() })).rejects.toMatchObject({
    facts: [
      ['qemu-system-x86_64', expect.any(String)],
      ['setpriv', expect.any(String)],
    ],
  })
  await expect(checkBoot({ ...options, log: join(options.image, 'log') })).rejects.toMatchObject({
    headline: expect.stringMatching(/^cannot write the console/),
  })
})

test('ends an interactive run as QEMU ends', async () => {
  const started: string[] = []
  const onStart = ({ name }: { name: string }): void => void started.push(name)
  await runImage({ ...machine('exit 0'), onStart })
  expect(started).toEqual(['tcg'])
  await expect(runImage(machine('exit 1'))).rejects.toBeInstanceOf(Failure)
  await expect(runImage({ ...machine('exec sleep 600'), signal: AbortSignal.timeout(1) })).rejects.toThrow(
    'timeout',
  )
})
