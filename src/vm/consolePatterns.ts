import type { Sign } from './console.ts'
import type { BootFailureKind } from './failure.ts'

/** How far a boot has come; none of these is success. */
export type Stage = 'firmware' | 'loader' | 'kernel' | 'initramfs' | 'userspace' | 'login'

/** Signs that a boot has come so far. "Reached target" is not among them: it is true inside an initramfs already. */
export const PROGRESS: readonly Sign<Stage>[] = [
  { name: 'firmware', pattern: /BdsDxe: starting Boot|SeaBIOS \(version/ },
  { name: 'loader', pattern: /^ISOLINUX \d|EFI stub: Loaded initrd/ },
  { name: 'kernel', pattern: /\bLinux version \d/ },
  { name: 'initramfs', pattern: /^lbuild-initramfs: / },
  { name: 'userspace', pattern: /\bsystemd\[1\]: systemd \d|^Welcome to / },
]

/** A prompt of agetty or busybox's getty: a host name at the start of a line, and nothing after it yet. */
export const LOGIN: Sign<'login'> = { name: 'login', pattern: /^(?!Last )[A-Za-z0-9._-]* ?login: / }

/** Signs that a boot has failed, whatever follows. Not to be looked for in what a command prints. */
export const FAILURES: readonly Sign<BootFailureKind>[] = [
  {
    name: 'no-root',
    pattern: /VFS: Cannot open root device|VFS: Unable to mount root fs|not syncing: VF/,
  },
  { name: 'panic', pattern: /Kernel panic - not syncing: (?:[^V]|V[^F])/ },
  // In the words of the reference distro's initramfs, of Debian's, and of dracut.
  {
    name: 'initramfs-shell',
    pattern: /[Dd]ropping to a shell|^\(initramfs\) |^dracut:\/# /,
  },
  {
    name: 'emergency',
    pattern:
      /You are in emergency mode|Entering emergency mode|Cannot open access to console, the root account is locked/,
  },
  { name: 'rescue', pattern: /You are in rescue mode/ },
  {
    name: 'no-bootable-device',
    pattern:
      /UEFI Interactive Shell|No bootable option or device was found|No bootable device\.|Boot failed: not a bootable disk/,
  },
  {
    name: 'no-kernel',
    pattern: /^Error (?:loading |preparing initrd|opening )|^grub rescue> |Could not find kernel image/,
  },
]

/** A prompt of a shell: `# `, `root@levitate:~# `, `[root@levitate ~]# `. */
export const PROMPT: Sign<'prompt'> = { name: 'prompt', pattern: /^(?:\[[^\]]*\]|\S*)[#$] / }

/** What login(1) asks and answers. */
export const PASSWORD: Sign<'password'> = { name: 'password', pattern: /^Password: / }
export const REFUSED: Sign<'refused'> = { name: 'refused', pattern: /^Login incorrect/ }

/** The kernel's last words, or that it starts anew (kernel/reboot.c). */
export const RESTART: Sign<'restart'> = { name: 'restart', pattern: /reboot: Restarting system/ }

/** A panic is final at any time, also while commands run. */
export const PANIC: readonly Sign<BootFailureKind>[] = FAILURES.filter(({ name }) => name === 'panic')

/** A unit that failed: not the end of a boot, but worth telling when one ends badly. */
export const COMPLAINT: Sign<'complaint'> = {
  name: 'complaint',
  pattern:
    /(?:Failed to (?:start|mount|listen)|Dependency failed for|Timed out waiting for device)\b[^\n]*\n/,
}
