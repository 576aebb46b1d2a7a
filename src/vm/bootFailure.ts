// The errors of a boot check: one kind for each way in which a boot can fail.
import { Failure, type Fact } from '../platform/failure.ts'

/** How a boot ended instead of with a running system; `declared` is a failure that the distro's config describes. */
export type BootFailureKind =
  | 'no-bootable-device'
  | 'no-kernel'
  | 'panic'
  | 'no-root'
  | 'initramfs-shell'
  | 'declared'
  | 'emergency'
  | 'rescue'
  | 'silence'
  | 'timeout'
  | 'ended'
  | 'login'
  | 'shell'
  | 'command'
  | 'degraded'

export interface FailureText {
  readonly headline: string
  readonly hint?: string
}

const text = (headline: string, hint: string): FailureText => ({ headline, hint })

const TEXTS: Record<BootFailureKind, FailureText> = {
  'no-bootable-device': text(
    'the firmware found nothing to boot',
    'check the boot partition (EFI/BOOT/BOOTX64.EFI), and whether the image is made for this firmware',
  ),
  'no-kernel': text(
    'the boot loader could not load the kernel',
    'check that every path in the loader entry is on the boot partition',
  ),
  panic: text('the kernel panicked', 'read the last kernel messages on the console'),
  'no-root': text(
    'the kernel could not mount its root file system',
    'check root= on the kernel command line, and that the initramfs was loaded',
  ),
  'initramfs-shell': text(
    'the initramfs gave up and dropped to a shell',
    'check root= (or the live medium) against the ids of the image, and the list of modules in the initramfs',
  ),
  declared: text('the boot failed', 'read the end of the console'),
  emergency: text(
    'the system went into emergency mode',
    'check /etc/fstab and the units that failed; the console shows the first of them',
  ),
  rescue: text('the system went into rescue mode', 'check the kernel command line and the default target'),
  silence: text(
    'the console went silent',
    'check that the kernel command line has console=ttyS0; give a slow boot more time with --timeout SECONDS; for an image without a login prompt, set boot.prompt or boot.success in build.config.ts',
  ),
  timeout: text(
    'the boot did not finish in time',
    'read the end of the console; if it shows progress, give the boot more time with --timeout SECONDS; for an image without a login prompt, set boot.prompt or boot.success in build.config.ts',
  ),
  ended: text(
    'the machine powered off before lbuild asked it to',
    "read the end of the console and QEMU's own messages",
  ),
  login: text(
    'the login failed',
    'check /etc/shadow, and PAM on ttyS0; set boot.user and boot.password in build.config.ts, or boot.success if nobody can log in',
  ),
  shell: text(
    'no shell answered at the declared prompt',
    'check that boot.prompt in build.config.ts matches only the prompt of a shell on the serial console',
  ),
  command: text('a command did not finish in time', 'read the end of the console'),
  degraded: text('the system runs, but some units failed', 'read the status of each failed unit above'),
}

export interface BootFailureOptions {
  readonly image: string
  readonly facts: readonly Fact[]
  /** The end of the console. */
  readonly tail: string
  /** Replaces the text that the kind has. */
  readonly text?: FailureText | undefined
}

/** An image did not boot to a running system; `kind` says how. Its tail is the end of the console. */
export class BootFailure extends Failure {
  override readonly name = 'BootFailure'
  readonly kind: BootFailureKind

  constructor(kind: BootFailureKind, { image, facts, tail, text: own }: BootFailureOptions) {
    const { headline, hint } = { ...TEXTS[kind], ...own }
    super(`${image}: ${headline}`, { facts, tail, ...(hint === undefined ? {} : { hint }) })
    this.kind = kind
  }
}
