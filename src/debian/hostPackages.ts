// The packages that contain the tools of a build, for each package manager.

/** A package manager, by the name of its family. */
export type Manager = 'apt' | 'dnf' | 'pacman' | 'zypper'

/** The name of a package for each manager; null when the distribution does not have the package. */
type Names = readonly [apt: string, dnf: string | null, pacman: string | null, zypper: string | null]

const COLUMNS: Record<Manager, number> = { apt: 0, dnf: 1, pacman: 2, zypper: 3 }

const same = (name: string): Names => [name, name, name, name]

const QEMU: Names = ['qemu-system-x86', 'qemu-system-x86-core', 'qemu-system-x86', 'qemu-x86']
const QEMU_IMG: Names = ['qemu-utils', 'qemu-img', 'qemu-img', 'qemu-img']
const OVMF: Names = ['ovmf', 'edk2-ovmf', 'edk2-ovmf', 'qemu-ovmf-x86_64']
const XORRISO: Names = ['xorriso', 'xorriso', 'libisoburn', 'xorriso']
const MMDEBSTRAP: Names = ['mmdebstrap', 'mmdebstrap', null, null]
const APT: Names = ['apt', 'apt', 'apt', null]
const UIDMAP: Names = ['uidmap', 'shadow-utils', 'shadow', 'shadow']
const SFDISK: Names = ['fdisk', 'util-linux', 'util-linux', 'util-linux']
const GIT: Names = ['git', 'git-core', 'git', 'git-core']
const KEYRING: Names = ['debian-archive-keyring', 'debian-keyring', 'debian-archive-keyring', null]
const EROFS = same('erofs-utils')
const MTOOLS = same('mtools')
const DOSFS = same('dosfstools')
const EXT = same('e2fsprogs')
const DPKG = same('dpkg')
const UTIL_LINUX = same('util-linux')
const COREUTILS = same('coreutils')

/**
 * The package of each tool. The names for apt are those of `dpkg -S` on Debian 12; the others come from the file lists of
 * Fedora, Arch Linux (core and extra; only the AUR has mmdebstrap) and openSUSE.
 */
const TOOLS: ReadonlyMap<string, Names> = new Map([
  ['qemu-system-x86_64', QEMU],
  ['qemu-img', QEMU_IMG],
  ['ovmf', OVMF],
  ['mkfs.erofs', EROFS],
  ['dump.erofs', EROFS],
  ['fsck.erofs', EROFS],
  ['mcopy', MTOOLS],
  ['mmd', MTOOLS],
  ['mdir', MTOOLS],
  ['mtype', MTOOLS],
  ['mkfs.vfat', DOSFS],
  ['fsck.vfat', DOSFS],
  ['mke2fs', EXT],
  ['debugfs', EXT],
  ['dumpe2fs', EXT],
  ['e2fsck', EXT],
  ['xorriso', XORRISO],
  ['mmdebstrap', MMDEBSTRAP],
  ['apt-get', APT],
  ['apt-config', APT],
  ['apt-cache', APT],
  ['dpkg', DPKG],
  ['dpkg-deb', DPKG],
  ['debian-archive-keyring', KEYRING],
  ['bwrap', same('bubblewrap')],
  ['unshare', UTIL_LINUX],
  ['nsenter', UTIL_LINUX],
  ['flock', UTIL_LINUX],
  ['setpriv', UTIL_LINUX],
  ['prlimit', UTIL_LINUX],
  ['sfdisk', SFDISK],
  ['newuidmap', UIDMAP],
  ['newgidmap', UIDMAP],
  ['depmod', same('kmod')],
  ['zstd', same('zstd')],
  ['tar', same('tar')],
  ['cpio', same('cpio')],
  ['curl', same('curl')],
  ['cp', COREUTILS],
  ['chmod', COREUTILS],
  ['touch', COREUTILS],
  ['find', same('findutils')],
  ['python3', ['python3', 'python3', 'python', 'python3']],
  ['sha512sum', COREUTILS],
  ['zsh', same('zsh')],
  ['fish', same('fish')],
  ['git', GIT],
  ['chromium', ['chromium', null, 'chromium', 'chromium']],
  ['gpg', ['gpg', 'gnupg2', 'gnupg', 'gpg2']],
])

/** Tools that are not programs but files that other programs read, with the path of one of them. */
const FILES: ReadonlyMap<string, string> = new Map([
  ['debian-archive-keyring', '/usr/share/keyrings/debian-archive-keyring.gpg'],
])

/** The package of a tool; null when the distribution has none, undefined for an unknown tool. */
export const packageOf = (tool: string, manager: Manager): string | null | undefined =>
  TOOLS.get(tool)?.[COLUMNS[manager]]

/** The path of a file that the tool consists of; undefined for a program. */
export const fileOf = (tool: string): string | undefined => FILES.get(tool)

/** All tools with a package for at least one manager. */
export const knownTools = (): readonly string[] => [...TOOLS.keys()]
