import { Failure, type Fact } from '../platform/failure.ts'

/** What a boot ended with instead of a running system. */
export type BootFailureKind =
  | 'no-bootable-device'
  | 'no-kernel'
  | 'panic'
  | 'no-root'
  | 'initramfs-shell'
  | 'emergency'
  | 'rescue'
  | 'silence'
  | 'timeout'
  | 'ended'
  | 'login'
  | 'command'
  | 'degraded'

/** Headline (after the image's name) and hint of each kind. */
const WORDS: Record<BootFailureKind, readonly [headline: string, hint: string]> = {
  'no-bootable-device': [
    'the firmware found nothing to boot',
    'check the boot partition (EFI/BOOT/BOOTX64.EFI), and whether the image is made for this firmware',
  ],
  'no-kernel': [
    'the boot loader could not load the kernel',
    'check that every path in the loader entry is on the boot partition',
  ],
  panic: ['the kernel panicked', 'the console shows what the kernel said before it stopped'],
  'no-root': [
    'the kernel could not mount its root file system',
    'check root= on the kernel command line, and that the initramfs was loaded',
  ],
  'initramfs-shell': [
    'the initramfs gave up and dropped to a shell',
    'check root= (or the live medium) against the ids of the image, and the list of modules in the initramfs',
  ],
  emergency: [
    'the system went into emergency mode',
    'check /etc/fstab and the units that failed; the console shows the first of them',
  ],
  rescue: ['the system went into rescue mode', 'check the kernel command line and the default target'],
  silence: [
    'the console went silent',
    'check that the kernel command line has console=ttyS0, or allow it more time',
  ],
  timeout: ['there was no login prompt in time', 'allow it more time if the console shows progress'],
  ended: [
    'the machine went off before it was asked to',
    'look at the end of the console and at what QEMU said',
  ],
  login: [
    'root could not log in',
    'check the password of root in /etc/shadow, and that PAM allows it on ttyS0',
  ],
  command: ['a command did not come back', 'look at the end of the console'],
  degraded: ['the system runs, but not all of it', 'the status of each failed unit is shown above'],
}

/** What is told with a {@link BootFailure}. */
export interface BootFailureOptions {
  readonly image: string
  readonly facts?: readonly Fact[]
  readonly tail?: string
  /** Replaces the headline that the kind has. */
  readonly headline?: string
}

/** An image that did not boot to a running system; `kind` says how. Its tail is the console's. */
export class BootFailure extends Failure {
  override readonly name = 'BootFailure'
  readonly kind: BootFailureKind

  constructor(kind: BootFailureKind, options: BootFailureOptions) {
    const [headline, hint] = WORDS[kind]
    super(`${options.image}: ${options.headline ?? headline}`, {
      facts: options.facts ?? [],
      hint,
      ...(options.tail === undefined ? {} : { tail: options.tail }),
    })
    this.kind = kind
  }
}
