// Tests the dialogue of a boot check with a scripted guest.
import { describe, expect, test } from 'vitest'
import type { BootFailure, BootFailureKind } from '../../src/vm/bootFailure.ts'
import { bootDialogue, type BootDialogueOptions, type SystemReport } from '../../src/vm/bootDialogue.ts'
import { type GuestOptions, PROMPT, ScriptedGuest } from './scriptedGuest.ts'

const KERNEL = [2, '\x1b[2J[    0.000000] Linux version 6.1.0-56-amd64\n'] as const
const INITRAMFS = [5, 'tiny-initramfs: root /dev/vda2\n'] as const
const WELCOME = [
  6,
  '\nWelcome to \x1b[1mDebian GNU/Linux 12\x1b[0m!\n[  OK  ] Reached target basic.target.\n',
] as const
const GETTY = [20, '\nDebian GNU/Linux 12 levitate ttyS0\n\nlevitate login: '] as const
const HEALTHY: GuestOptions = { boot: [KERNEL, INITRAMFS, WELCOME, GETTY] }

/** What the guest's distro declares. */
const PATTERNS = {
  initramfs: '^tiny-initramfs: root ',
  failures: [
    {
      pattern: '^tiny-initramfs: failed: ([^\\n]*)\\n',
      headline: 'the initramfs gave up',
      hint: 'check root=',
    },
  ],
}

async function boot(guest: ScriptedGuest, options: BootDialogueOptions = {}): Promise<SystemReport> {
  const { console, clock, write } = guest
  const facts = () => [['firmware', 'uefi']] as const
  return clock.drive(
    bootDialogue('os.qcow2', { console, clock, write }, 'c0ffee', facts, { ...PATTERNS, ...options }),
  )
}

async function failure(options: GuestOptions, limits: BootDialogueOptions = {}): Promise<BootFailure> {
  return boot(new ScriptedGuest(options), limits).then(
    (report) => expect.fail(`the image booted: ${JSON.stringify(report)}`),
    (error: BootFailure) => error,
  )
}

describe('the report of a boot', () => {
  test('has the seconds to each stage', async () => {
    const stages: string[] = []
    const guest = new ScriptedGuest(HEALTHY)
    const report = await boot(guest, { onStage: (stage, seconds) => stages.push(`${stage} ${seconds}`) })
    expect(report).toMatchObject({
      secondsToKernel: 2,
      secondsToUserspace: 6,
      secondsToLogin: 20,
      systemState: 'running',
      failedUnits: [],
      root: { source: '/dev/vda2', fstype: 'ext4', size: '251G' },
      machineId: '1e1fc1a5b4954e44a72ea21995939105',
      kernel: '6.1.0-56-amd64',
      poweredOff: true,
    })
    expect(stages).toEqual(['kernel 2', 'initramfs 5', 'userspace 6', 'login 20'])
    expect(report.tail).toMatch(/reboot: Power down$/)
    expect(guest.typed).toMatch(/^root\nexport /)
  })

  test('has no time for a kernel that is quiet', async () => {
    const report = await boot(new ScriptedGuest({ boot: [GETTY] }))
    expect(report).toMatchObject({ secondsToKernel: undefined, secondsToLogin: 20, systemState: 'running' })
  })

  test('follows a login with a password if the guest asks for one', async () => {
    const guest = new ScriptedGuest({ ...HEALTHY, logins: ['Password: '] })
    await boot(guest, { user: 'root', password: 'secret' })
    expect(guest.typed).toMatch(/^root\nsecret\nexport /)
  })

  test('follows a second attempt if getty swallowed the name', async () => {
    const guest = new ScriptedGuest({ ...HEALTHY, logins: ['\nlevitate login: ', `\n${PROMPT}`] })
    expect(await boot(guest)).toMatchObject({ systemState: 'running' })
    expect(guest.typed).toMatch(/^root\nroot\nexport /)
  })

  test('does not depend on a known shell prompt', async () => {
    const guest = new ScriptedGuest({ ...HEALTHY, logins: [`\nwelcome ❯ ${PROMPT}`] })
    expect(await boot(guest)).toMatchObject({ systemState: 'running' })
  })

  test('has the output and status of further commands, which their echo cannot fake', async () => {
    const guest = new ScriptedGuest({
      ...HEALTHY,
      answers: {
        'echo it': "it's\n",
        'grep -c': { output: '0\n', status: 1 },
        'printf x': 'no newline',
        lines: '\n  a\n\nb \n\n',
      },
    })
    const { commands } = await boot(guest, {
      commands: ["echo it's", 'grep -c x y', 'printf x', 'lines', 'nothing'],
    })
    expect(commands).toEqual([
      { command: "echo it's", status: 0, output: "it's" },
      { command: 'grep -c x y', status: 1, output: '0' },
      { command: 'printf x', status: 0, output: 'no newline' },
      { command: 'lines', status: 0, output: '\n  a\n\nb ' },
      { command: 'nothing', status: 127, output: 'sh: nothing: not found' },
    ])
    expect(guest.typed).toContain(`sh -c 'echo it'\\''s'`)
  })

  test('accepts a degraded system on request', async () => {
    const answers = {
      timeout: 'degraded\ndegraded\n',
      'systemctl list-units': 'a.service loaded failed failed A\nb.mount loaded failed failed B\n',
    }
    const report = await boot(new ScriptedGuest({ ...HEALTHY, answers }), { accept: ['running', 'degraded'] })
    expect(report).toMatchObject({ systemState: 'degraded', failedUnits: ['a.service', 'b.mount'] })
  })

  test('says whether the machine powered off', async () => {
    const stays = new ScriptedGuest({ ...HEALTHY, poweroff: 'Stopping...\n', staysOn: true })
    expect(await boot(stays)).toMatchObject({ poweredOff: false })
    const restarts = new ScriptedGuest({ ...HEALTHY, poweroff: '[ 40.1] reboot: Restarting system\n' })
    expect(await boot(restarts)).toMatchObject({ poweredOff: false })
  })
})

describe('a boot that fails', () => {
  const panic = 'Kernel panic - not syncing: '
  test.each<readonly [what: string, kind: BootFailureKind, text: string]>([
    ['a panic', 'panic', `[ 3.2] ${panic}Attempted to kill init! exitcode=0x00000100\n`],
    ['another panic', 'panic', `[ 3.2] ${panic}Victim of an experiment\n`],
    ['no root device', 'no-root', '[ 3.1] VFS: Cannot open root device "vda9" or unknown-block(0,0)\n'],
    ['no root file system', 'no-root', `[ 3.2] ${panic}VFS: Unable to mount root fs on unknown-block(0,0)\n`],
    ['a shell in an initramfs', 'initramfs-shell', 'tiny-initramfs: dropping to a shell\n/ # '],
    ['a failure that the distro declares', 'declared', 'tiny-initramfs: failed: no root UUID=1\n'],
    [
      'initramfs-tools',
      'initramfs-shell',
      'ALERT!  UUID=1 does not exist.  Dropping to a shell!\n(initramfs) ',
    ],
    ['dracut', 'initramfs-shell', 'Generating "/run/initramfs/rdsosreport.txt"\n\ndracut:/# '],
    ['emergency mode', 'emergency', 'You are in emergency mode. After logging in, type "journalctl -xb"\n'],
    ['a locked emergency mode', 'emergency', 'Cannot open access to console, the root account is locked.\n'],
    ['rescue mode', 'rescue', 'You are in rescue mode. After logging in, type\n'],
    ['the UEFI shell', 'no-bootable-device', '\x1b[2J\x1b[01;01HUEFI Interactive Shell v2.2\n'],
    ['SeaBIOS', 'no-bootable-device', 'Booting from Hard Disk...\nBoot failed: not a bootable disk\n'],
    ['systemd-boot without its initrd', 'no-kernel', 'Error preparing initrd: Not Found\n'],
    ['GRUB', 'no-kernel', 'error: no such partition.\ngrub rescue> '],
  ])('recognizes %s', async (_, kind, text) => {
    const seen = await failure({ boot: [KERNEL, [5, text]] })
    expect(seen).toMatchObject({ name: 'BootFailure', kind, exitCode: 1 })
    expect(seen.headline).toMatch(/^os\.qcow2: /)
    expect(seen.hint).toBeDefined()
    expect(seen.facts).toContainEqual(['stages', expect.stringMatching(/^kernel 2\.0 s/)])
    expect(seen.facts).toContainEqual(['firmware', 'uefi'])
  })

  test('is reported with what the console shows after it', async () => {
    const seen = await failure({
      boot: [
        KERNEL,
        [5, `[ 3.2] ${panic}Fatal exception\n`],
        [5.5, '[ 3.2] Call Trace:\n[ 3.2]  panic+0x118\n'],
      ],
    })
    expect(seen.tail).toMatch(/Fatal exception\n.*Call Trace:\n.*panic\+0x118$/)
  })

  test('that the distro declares is reported in its words, with the group of its pattern', async () => {
    const said = 'cannot load nvme\nfailed: no root UUID=1\ndropping to a shell\n'.replace(
      /^(?=.)/gm,
      'tiny-initramfs: ',
    )
    const seen = await failure({ boot: [KERNEL, [5, said]] })
    expect(seen).toMatchObject({ headline: 'os.qcow2: the initramfs gave up', hint: 'check root=' })
    expect(seen.facts).toContainEqual(['console', 'no root UUID=1'])
    expect(seen.tail).toMatch(/dropping to a shell$/)
  })

  test('does not include a login prompt that the distro declares', async () => {
    const guest = new ScriptedGuest({ boot: [KERNEL, [20, '\nYour name, please: ']] })
    const report = await boot(guest, { login: '^Your name, please: ' })
    expect(report).toMatchObject({ secondsToLogin: 20, systemState: 'running' })
  })

  test('is a silence after "Reached target", which is no success', async () => {
    const reached = '[  OK  ] Reached target initrd-root-fs.target - Initrd Root File System.\n'
    const seen = await failure({ boot: [KERNEL, [10, reached]] }, { bootSeconds: 300, silenceSeconds: 60 })
    expect(seen.kind).toBe('silence')
    expect(seen.facts).toContainEqual(['silent for', '60 s'])
    expect(seen.tail).toContain('Reached target')
  })

  test('is a timeout if there is output but no prompt, and names the units that failed', async () => {
    const ticks = Array.from({ length: 40 }, (_, i) => [10 * i, '[*     ] A start job is running\n'] as const)
    const failed =
      '[FAILED] Failed to start x.service - The X.\n[DEPEND] Dependency failed for y.mount - /y.\n'
    const seen = await failure({ boot: [...ticks, [7, failed]] }, { bootSeconds: 300, silenceSeconds: 60 })
    expect(seen.kind).toBe('timeout')
    expect(seen.facts).toContainEqual([
      'unit failures',
      'Failed to start x.service - The X.\nDependency failed for y.mount - /y.',
    ])
  })

  test('is an end if the machine powers off', async () => {
    expect(await failure({ boot: [KERNEL], offAt: 4 })).toMatchObject({ kind: 'ended' })
  })

  test('has no stages if the console showed none', async () => {
    const seen = await failure({ boot: [] }, { silenceSeconds: 60 })
    expect(seen).toMatchObject({ kind: 'silence', tail: '' })
    expect(seen.facts).toContainEqual(['stages', 'none'])
  })
})

describe('a system that boots, but does not work, is reported', () => {
  test('if nobody can log in', async () => {
    const locked = {
      ...HEALTHY,
      logins: ['Password: '],
      afterPassword: '\nLogin incorrect\nlevitate login: ',
    }
    expect(await failure(locked)).toMatchObject({ kind: 'login' })
    const silent = { ...HEALTHY, logins: ['Password: '], afterPassword: '' }
    expect(await failure(silent)).toMatchObject({ kind: 'login' })
    const swallowing = { ...HEALTHY, logins: ['\nlevitate login: '] }
    expect(await failure(swallowing)).toMatchObject({ kind: 'login' })
    const mute = { ...HEALTHY, logins: ['\n'] }
    expect(await failure(mute)).toMatchObject({ kind: 'login' })
  })

  test('if it is degraded, with the status of the failed units', async () => {
    const seen = await failure({
      ...HEALTHY,
      answers: {
        timeout: 'degraded\ndegraded\n',
        'systemctl list-units': 'bad.service loaded failed failed Cannot work\n',
        'systemctl status': '× bad.service - Cannot work\n     Active: failed (Result: exit-code)\n',
      },
    })
    expect(seen).toMatchObject({
      kind: 'degraded',
      headline: "os.qcow2: the system started, but its state is 'degraded'",
    })
    expect(seen.tail).toBe('× bad.service - Cannot work\n     Active: failed (Result: exit-code)')
    expect(seen.facts).toContainEqual(['failed units', 'bad.service'])
  })

  test('if it does not finish starting, with its running jobs', async () => {
    const seen = await failure({
      ...HEALTHY,
      answers: { timeout: 'starting\n', 'systemctl list-jobs': '12 slow.service start running\n' },
    })
    expect(seen).toMatchObject({ kind: 'degraded', tail: '12 slow.service start running' })
    expect(seen.facts).toContainEqual(['state', 'starting'])
  })

  test('if its systemctl does not work', async () => {
    const answers = { timeout: { output: 'sh: systemctl: cannot execute\n', status: 126 } }
    const seen = await failure({ ...HEALTHY, answers })
    expect(seen).toMatchObject({
      kind: 'degraded',
      headline: "os.qcow2: the system started, but its state is 'unknown'",
    })
  })

  test('if a command does not finish', async () => {
    const seen = await failure(
      { ...HEALTHY, answers: { sleep: 'hangs' } },
      { commands: ['sleep 1d'], commandSeconds: 30 },
    )
    expect(seen).toMatchObject({ kind: 'command' })
    expect(seen.facts).toContainEqual(['command', 'sleep 1d'])
    expect(seen.facts).toContainEqual(['waited', '30 s'])
  })

  test('if the kernel panics or the machine powers off while a command runs', async () => {
    const late = [21, '[ 21.0] Kernel panic - not syncing: Fatal exception\n'] as const
    const hanging: GuestOptions = { ...HEALTHY, answers: { sleep: 'hangs' } }
    const panics = await failure({ ...hanging, boot: [...HEALTHY.boot, late] }, { commands: ['sleep 1d'] })
    expect(panics).toMatchObject({ kind: 'panic' })
    expect(await failure({ ...hanging, offAt: 22 }, { commands: ['sleep 1d'] })).toMatchObject({
      kind: 'ended',
    })
  })
})
