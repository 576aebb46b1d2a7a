// The patterns that a boot check looks for on a serial console: stages, prompts and failures.
import type { BootCheck, BootPatterns } from '../api/config.ts'
import type { BootFailureKind, FailureText } from './bootFailure.ts'
import type { ConsolePattern } from './serialConsole.ts'

/** How far a boot has come; only `login` is a success: a login prompt, or what the distro declares instead. */
export type Stage = 'firmware' | 'loader' | 'kernel' | 'initramfs' | 'userspace' | 'login'

export interface StagePattern extends ConsolePattern {
  readonly means: 'stage'
  readonly stage: Stage
}

/** A pattern after which no boot succeeds. Commands may print such text, too: look for it only before the login. */
export interface FailurePattern extends ConsolePattern {
  readonly means: 'failure'
  readonly kind: BootFailureKind
  /** Replaces the text that the kind has. */
  readonly text?: FailureText
}

/** What a unit of systemd reports when it fails; the boot may succeed all the same. */
export interface UnitFailurePattern extends ConsolePattern {
  readonly means: 'unit failure'
}

export type BootPattern = StagePattern | FailurePattern | UnitFailurePattern

const stage = (name: Stage, pattern: RegExp): StagePattern => ({ means: 'stage', stage: name, pattern })
const failure = (kind: BootFailureKind, pattern: RegExp): FailurePattern => ({
  means: 'failure',
  kind,
  pattern,
})

/** A prompt of agetty or busybox's getty: a host name at the start of a line, and nothing after it yet. */
const LOGIN_PROMPT = /^(?!Last )[A-Za-z0-9._-]* ?login: /

/** "Reached target" marks no stage: systemd prints it inside an initramfs, too. */
const STAGES: readonly StagePattern[] = [
  stage('firmware', /BdsDxe: starting Boot|SeaBIOS \(version/),
  stage('loader', /^ISOLINUX \d|EFI stub: Loaded initrd/),
  stage('kernel', /\bLinux version \d/),
  stage('userspace', /\bsystemd\[1\]: systemd \d|^Welcome to /),
]

/** A panic ends the machine at any time, also while commands run. */
export const PANIC = failure('panic', /Kernel panic - not syncing: (?:[^V]|V[^F])/)

/** Patterns from the sources of the kernel, systemd, EDK II, SeaBIOS, systemd-boot, GRUB, initramfs-tools and dracut. */
const FAILURES: readonly FailurePattern[] = [
  failure('no-root', /VFS: Cannot open root device|VFS: Unable to mount root fs|not syncing: VF/),
  PANIC,
  failure('initramfs-shell', /[Dd]ropping to a shell|^\(initramfs\) |^dracut:\/# /),
  failure(
    'emergency',
    /You are in emergency mode|Entering emergency mode|Cannot open access to console, the root account is locked/,
  ),
  failure('rescue', /You are in rescue mode/),
  failure(
    'no-bootable-device',
    /UEFI Interactive Shell|No bootable option or device was found|No bootable device\.|Boot failed: not a bootable disk/,
  ),
  failure(
    'no-kernel',
    /^Error (?:loading |preparing initrd|opening )|^grub rescue> |Could not find kernel image/,
  ),
]

const UNIT_FAILURE: UnitFailurePattern = {
  means: 'unit failure',
  pattern:
    /(?:Failed to (?:start|mount|listen)|Dependency failed for|Timed out waiting for device)\b[^\n]*\n/,
}

/** A shell prompt: `# `, `root@host:~# ` or `[root@host ~]# `. */
export const SHELL_PROMPT: ConsolePattern = { pattern: /^(?:\[[^\]]*\]|\S*)[#$] / }

/** What login(1) asks and answers. */
export const PASSWORD_PROMPT: ConsolePattern = { pattern: /^Password: / }
export const LOGIN_REFUSED: ConsolePattern = { pattern: /^Login incorrect/ }

/** The kernel restarts the machine (kernel/reboot.c). */
export const RESTART: ConsolePattern = { pattern: /reboot: Restarting system/ }

/** The login prompts of a distro: the usual one and its own. */
export const loginPrompts = ({ login }: BootPatterns = {}): readonly StagePattern[] =>
  [LOGIN_PROMPT, ...(login === undefined ? [] : [new RegExp(login)])].map((one) => stage('login', one))

/** What ends a successful boot: the declared line or shell prompt, or else a login prompt. */
const goals = ({ prompt, success, ...declared }: BootCheck): readonly StagePattern[] => {
  const own = success ?? prompt
  return own === undefined ? loginPrompts(declared) : [stage('login', new RegExp(own))]
}

/** Everything to look for until the boot has succeeded; the distro's own failures come first. */
export function bootPatterns(declared: BootCheck = {}): readonly BootPattern[] {
  const { initramfs, failures = [], prompt } = declared
  return [
    ...failures.map(({ pattern, ...text }): FailurePattern => ({
      ...failure('declared', new RegExp(pattern)),
      text,
    })),
    // A distro that declares a shell prompt may boot into the shell of its initramfs.
    ...FAILURES.filter(({ kind }) => prompt === undefined || kind !== 'initramfs-shell'),
    ...goals(declared),
    UNIT_FAILURE,
    ...STAGES,
    ...(initramfs === undefined ? [] : [stage('initramfs', new RegExp(initramfs))]),
  ]
}
