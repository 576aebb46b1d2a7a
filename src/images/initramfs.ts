/**
 * Assembles the members of an initramfs.
 * @module lbuild/images/initramfs
 */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../api/index.ts'
import { packCpio, parentDirectories, type CpioEntry } from './cpio.ts'
import { moduleClosure, moduleName, readModuleIndex } from './kernelModules.ts'

/** A member with the content of a file. */
export const fileMember = async (path: string, source: string, mode: number): Promise<CpioEntry> => ({
  path,
  type: 'file',
  mode,
  data: await readFile(source),
})

/** A member with this text, and mode 0644. */
export const textMember = (path: string, text: string): CpioEntry => ({
  path,
  type: 'file',
  mode: 0o644,
  data: Buffer.from(text),
})

/**
 * The members for the files, symlinks and empty directories below a directory, sorted by their paths. A file has the mode
 * 0755 if its owner may execute it, otherwise 0644. Throws a Failure for anything else, such as a socket.
 */
export async function treeMembers(directory: string): Promise<CpioEntry[]> {
  const paths = (await readdir(directory, { recursive: true })).sort()
  const isParent = (path: string): boolean => paths.some((other) => other.startsWith(`${path}/`))
  const members = paths.map((path) => (isParent(path) ? [] : memberOf(directory, path)))
  return (await Promise.all(members)).flat()
}

async function memberOf(directory: string, path: string): Promise<CpioEntry> {
  const source = join(directory, path)
  const stat = await lstat(source)
  if (stat.isSymbolicLink()) return { path, type: 'symlink', mode: 0o777, target: await readlink(source) }
  if (stat.isDirectory()) return { path, type: 'directory', mode: 0o755 }
  if (stat.isFile()) return fileMember(path, source, stat.mode & 0o100 ? 0o755 : 0o644)
  throw new Failure(`'${path}' is neither a file, a symlink nor a directory`, {
    hint: 'remove it, or create it when the system starts',
  })
}

/** The modules of an initramfs. */
export interface InitramfsModules {
  /** The names of the modules to load, in order; modules that are built into the kernel are left out. */
  readonly load: readonly string[]
  /** A modules.dep and the modules themselves below `lib/modules/VERSION`. */
  readonly members: readonly CpioEntry[]
}

/**
 * Collects the listed modules and everything that they require from a directory `lib/modules` with one kernel
 * `version`. The modules.dep suffices for the modprobe of busybox. Throws a Failure when a module is neither in the
 * directory nor built into the kernel.
 */
export async function initramfsModules(
  directory: string,
  version: string,
  list: readonly string[],
): Promise<InitramfsModules> {
  const index = await readModuleIndex(join(directory, version))
  const paths = moduleClosure(index, list)
  const dependencies = paths.map((path) => {
    const required = (index.needs.get(moduleName(path)) ?? []).map((name) => index.paths.get(name) ?? name)
    return `${[`${path}:`, ...required].join(' ')}\n`
  })
  const at = `lib/modules/${version}`
  return {
    load: list.map(moduleName).filter((name) => !index.builtin.has(name)),
    members: [
      textMember(`${at}/modules.dep`, dependencies.join('')),
      ...(await Promise.all(
        paths.map((path) => fileMember(`${at}/${path}`, join(directory, version, path), 0o644)),
      )),
    ],
  }
}

/**
 * Packs an initramfs, with the directories that contain its members. Every time is `epoch`, in seconds since
 * 1970-01-01. Throws the same Failures as `packCpio`.
 */
export const packInitramfs = (members: readonly CpioEntry[], epoch: number): Uint8Array =>
  packCpio([...parentDirectories(members.map(({ path }) => path)), ...members], epoch)
