import { findOvmf } from '../vm/firmware.ts'
import { isFile } from '../platform/findTool.ts'

export type Manager = 'apt' | 'dnf' | 'pacman' | 'zypper'

/** A package's name for apt, dnf, pacman and zypper; null where the distribution has no such package. */
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
 * Which package brings a tool. Debian's names are what `dpkg -S` says of each file on Debian 12; the others are from
 * the file lists of Fedora, Arch Linux (core and extra; mmdebstrap is in the AUR only) and openSUSE.
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
  ['flock', UTIL_LINUX],
  ['setpriv', UTIL_LINUX],
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
  ['git', GIT],
])

/** What counts as a tool and is none: files that other programs read. */
const FILES: ReadonlyMap<string, (root: string) => boolean> = new Map([
  ['ovmf', (root: string) => findOvmf(root) !== undefined],
  [
    'debian-archive-keyring',
    (root: string) => isFile(`${root}/usr/share/keyrings/debian-archive-keyring.gpg`),
  ],
])

/** The package that brings a tool; null if this distribution has none, undefined if lbuild does not know the tool. */
export const packageOf = (tool: string, manager: Manager): string | null | undefined =>
  TOOLS.get(tool)?.[COLUMNS[manager]]

/** For a name that stands for files and not for a program, whether they are there; undefined for a program. */
export const filesPresent = (name: string, root = '/'): boolean | undefined => FILES.get(name)?.(root)

/** All names that have a package for at least one manager. */
export const knownTools = (): readonly string[] => [...TOOLS.keys()]
