import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parentDirectories, packCpio, type CpioEntry } from 'lbuild/images/cpio'
import { moduleClosure, moduleName, parseList, readModuleIndex } from 'lbuild/images/modules'

/** The parts of an initramfs, as paths of files. */
export interface InitramfsParts {
  readonly init: string
  /** What both inits source. */
  readonly common: string
  readonly busybox: string
  /** A list of the modules to load. */
  readonly list: string
  /** A directory `usr/lib/modules`. */
  readonly modules: string
  /** The one kernel version that it holds. */
  readonly version: string
}

/**
 * Makes an initramfs: busybox, /init, and modules with all that they need. busybox's modprobe reads modules.dep only,
 * and finds modules in /lib/modules. Throws an ImageError when a module of the list is neither there nor built in.
 */
export async function makeInitramfs(parts: InitramfsParts, epoch: number): Promise<Buffer> {
  const { init, common, busybox, list, modules, version } = parts
  const names = parseList(await readFile(list, 'utf8'))
  const index = await readModuleIndex(join(modules, version))
  const paths = moduleClosure(index, names)
  const loaded = names.map(moduleName).filter((name) => !index.builtin.has(name))
  const dep = paths.map((path) => {
    const needs = (index.needs.get(moduleName(path)) ?? []).map((name) => index.paths.get(name)!)
    return `${[`${path}:`, ...needs].join(' ')}\n`
  })
  const at = `lib/modules/${version}`
  const file = async (path: string, source: string, mode: number): Promise<CpioEntry> => {
    return { path, type: 'file', mode, data: await readFile(source) }
  }
  const text = (path: string, lines: readonly string[]): CpioEntry => {
    return { path, type: 'file', mode: 0o644, data: Buffer.from(lines.join('')) }
  }
  const members: CpioEntry[] = [
    await file('init', init, 0o755),
    await file('bin/busybox', busybox, 0o755),
    { path: 'bin/sh', type: 'symlink', mode: 0o777, target: 'busybox' },
    // for the kernel's own standard streams, before /init mounts devtmpfs
    { path: 'dev/console', type: 'character', mode: 0o600, major: 5, minor: 1 },
    text(
      'etc/modules',
      loaded.map((name) => `${name}\n`),
    ),
    await file('lib/common.sh', common, 0o644),
    text(`${at}/modules.dep`, dep),
    ...(await Promise.all(paths.map((path) => file(`${at}/${path}`, join(modules, version, path), 0o644)))),
  ]
  return packCpio([...parentDirectories(members.map(({ path }) => path)), ...members], epoch)
}
