// The contents of an initramfs.
import { readdir, readFile } from 'node:fs/promises'
import { fileMember, initramfsModules, packInitramfs, textMember } from 'lbuild/images/initramfs'
import { oneKernelVersion, parseList } from 'lbuild/images/kernelModules'

/** The parts of an initramfs, as paths. */
export interface InitramfsParts {
  readonly init: string
  /** The functions that every init sources. */
  readonly common: string
  readonly busybox: string
  /** A list of the modules to load. */
  readonly list: string
  /** A directory `lib/modules` with one kernel version. */
  readonly modules: string
}

/** Makes an uncompressed initramfs: busybox, /init, and the listed modules with everything that they require. */
export async function makeInitramfs(parts: InitramfsParts, epoch: number): Promise<Uint8Array> {
  const { init, common, busybox, list, modules: directory } = parts
  const version = oneKernelVersion(await readdir(directory))
  const names = parseList(await readFile(list, 'utf8'))
  const { load, members } = await initramfsModules(directory, version, names)
  return packInitramfs(
    [
      await fileMember('init', init, 0o755),
      await fileMember('bin/busybox', busybox, 0o755),
      { path: 'bin/sh', type: 'symlink', mode: 0o777, target: 'busybox' },
      // For the standard streams of the kernel's first process, before /init mounts devtmpfs.
      { path: 'dev/console', type: 'character', mode: 0o600, major: 5, minor: 1 },
      textMember('etc/modules', load.map((name) => `${name}\n`).join('')),
      await fileMember('lib/common.sh', common, 0o644),
      ...members,
    ],
    epoch,
  )
}
