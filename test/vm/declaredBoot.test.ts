// Tests boot checks of images that a distro describes: with a shell prompt, a success line, other users and time limits.
import { describe, expect, test } from 'vitest'
import type { BootFailure } from '../../src/vm/bootFailure.ts'
import type { BootDialogueOptions, SystemReport } from '../../src/vm/bootDialogue.ts'
import { bootDialogue } from '../../src/vm/bootDialogue.ts'
import { type GuestOptions, ScriptedGuest } from './scriptedGuest.ts'

const KERNEL = [2, '[    0.000000] Linux version 6.1.0\n'] as const

/** What busybox answers in an initramfs that has neither systemd nor findmnt nor a machine id. */
const BUSYBOX: GuestOptions = {
  boot: [KERNEL, [4, 'tiny: dropping to a shell\n~ # ']],
  hasShell: true,
  answers: {
    'command -v systemctl': { output: '', status: 127 },
    findmnt: { output: 'sh: findmnt: not found\n', status: 127 },
    'cat /proc/mounts': 'none / rootfs rw 0 0\nproc /proc proc rw 0 0\n',
    'cat /etc/machine-id': { output: "cat: can't open '/etc/machine-id'\n", status: 1 },
  },
}

const boot = (guest: ScriptedGuest, options: BootDialogueOptions): Promise<SystemReport> => {
  const { console, clock, write } = guest
  return clock.drive(bootDialogue('os.qcow2', { console, clock, write }, 'c0ffee', () => [], options))
}

const failure = (guest: ScriptedGuest, options: BootDialogueOptions): Promise<BootFailure> =>
  boot(guest, options).then(
    (report) => expect.fail(`the image booted: ${JSON.stringify(report)}`),
    (error: BootFailure) => error,
  )

describe('a declared shell prompt', () => {
  test('is used without a login; the report has what a system without systemd shows', async () => {
    const guest = new ScriptedGuest(BUSYBOX)
    const report = await boot(guest, { prompt: '^~ # ', commands: ['echo hello'] })
    expect(report).toEqual({
      secondsToKernel: 2,
      secondsToUserspace: undefined,
      secondsToLogin: 4,
      failedUnits: [],
      root: { source: 'none', fstype: 'rootfs' },
      kernel: '6.1.0-56-amd64',
      commands: [{ command: 'echo hello', status: 127, output: 'sh: echo hello: not found' }],
      poweredOff: true,
      tail: expect.any(String),
    })
    expect(guest.typed).toMatch(/^export TERM=dumb/)
    expect(guest.typed).toMatch(/\npoweroff -f \|\| poweroff\n$/)
  })

  test('of a system with systemd is used to check its units', async () => {
    const guest = new ScriptedGuest({ boot: [KERNEL, [9, '\n(maker) # ']], hasShell: true })
    expect(await boot(guest, { prompt: '^\\(maker\\) # ' })).toMatchObject({ systemState: 'running' })
    expect(guest.typed).toMatch(/\npoweroff\n$/)
  })

  test('at which no shell answers is reported', async () => {
    const guest = new ScriptedGuest({ ...BUSYBOX, answers: { 'exit 7': 'hangs' } })
    const seen = await failure(guest, { prompt: '^~ # ', commandSeconds: 10 })
    expect(seen).toMatchObject({
      kind: 'shell',
      headline: 'os.qcow2: no shell answered at the declared prompt',
    })
    expect(seen.hint).toContain('boot.prompt')
  })

  test('replaces the login prompt, which is then no success', async () => {
    const guest = new ScriptedGuest({ boot: [KERNEL, [9, '\nlevitate login: ']] })
    expect((await failure(guest, { prompt: '^~ # ' })).kind).toBe('silence')
  })
})

describe('a declared success line', () => {
  test('ends the check: nothing is typed', async () => {
    const guest = new ScriptedGuest({ boot: [KERNEL, [7, 'tiny: all services are up\n']] })
    expect(await boot(guest, { success: '^tiny: all services are up\\n' })).toEqual({
      secondsToKernel: 2,
      secondsToUserspace: undefined,
      secondsToLogin: 7,
      failedUnits: [],
      commands: [],
      poweredOff: false,
      tail: '[    0.000000] Linux version 6.1.0\ntiny: all services are up',
    })
    expect(guest.typed).toBe('')
  })

  test('may be the login prompt of an image whose root is locked', async () => {
    const guest = new ScriptedGuest({
      boot: [KERNEL, [7, '\nlevitate login: ']],
      logins: ['Login incorrect\n'],
    })
    expect(await boot(guest, { success: ' login: ' })).toMatchObject({ secondsToLogin: 7 })
  })

  test('does not hide a failure before it', async () => {
    const panic = 'Kernel panic - not syncing: Fatal exception\n'
    const guest = new ScriptedGuest({ boot: [KERNEL, [7, panic], [8, 'ready\n']] })
    expect((await failure(guest, { success: '^ready' })).kind).toBe('panic')
  })
})

test('a declared user logs in with the declared password', async () => {
  const guest = new ScriptedGuest({
    boot: [KERNEL, [7, '\nlevitate login: ']],
    logins: ['Password: '],
    answers: { 'id -un': 'maker\n' },
  })
  expect(await boot(guest, { user: 'maker', password: 'open sesame' })).toMatchObject({
    systemState: 'running',
  })
  expect(guest.typed).toMatch(/^maker\nopen sesame\n/)
})

test('a boot that is slow, or has no login prompt, fails with a hint to the option and the members that help', async () => {
  const silent = await failure(new ScriptedGuest({ boot: [KERNEL] }), { silenceSeconds: 30 })
  const ticking = Array.from({ length: 30 }, (_, at) => [10 * at, 'tick\n'] as const)
  const late = await failure(new ScriptedGuest({ boot: ticking }), { bootSeconds: 100 })
  expect([silent.kind, late.kind]).toEqual(['silence', 'timeout'])
  for (const { hint } of [silent, late])
    for (const way of ['--timeout SECONDS', 'boot.prompt', 'boot.success']) expect(hint).toContain(way)
})
