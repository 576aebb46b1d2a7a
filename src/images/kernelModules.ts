/**
 * Kernel modules: the index that depmod writes, and the modules that a list requires.
 * @module lbuild/images/kernelModules
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../api/index.ts'
import { lastComponent } from './paths.ts'

/** The modules of one kernel. Names are normalized: `-` is written `_`. */
export interface ModuleIndex {
  /** The path of each module, by name: `kernel/fs/ext4/ext4.ko`. */
  readonly paths: ReadonlyMap<string, string>
  /** The names of the modules that each module requires. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** The names or aliases that each module prefers to be loaded with it. */
  readonly soft: ReadonlyMap<string, readonly string[]>
  /** The modules behind each alias; aliases with patterns are left out. */
  readonly aliases: ReadonlyMap<string, readonly string[]>
  /** The nominal path of each module that is built into the kernel, by name. */
  readonly builtin: ReadonlyMap<string, string>
}

/** The texts of a directory `lib/modules/VERSION` that make up an index (modules.dep(5), depmod(8)). */
export interface ModuleTexts {
  readonly dep: string
  readonly softdep: string
  readonly alias: string
  readonly builtin: string
}

/** The kernel's name for the module in a file: no directory, no suffix, `-` written as `_`. */
export const moduleName = (path: string): string =>
  lastComponent(path)
    .replace(/\.ko(\.(gz|xz|zst))?$/, '')
    .replaceAll('-', '_')

const linesOf = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

/** Parses modules.dep, modules.softdep, modules.alias and modules.builtin. */
export function parseModuleIndex(texts: ModuleTexts): ModuleIndex {
  const paths = new Map<string, string>()
  const needs = new Map<string, string[]>()
  for (const line of linesOf(texts.dep)) {
    const [path = '', required = ''] = line.split(':', 2)
    paths.set(moduleName(path), path)
    needs.set(moduleName(path), required.split(' ').filter(Boolean).map(moduleName))
  }
  const soft = new Map<string, string[]>()
  for (const line of linesOf(texts.softdep)) {
    const [keyword, name = '', ...rest] = line.split(/\s+/)
    const first = rest.findIndex((word) => word === 'pre:' || word === 'post:')
    if (keyword !== 'softdep' || first < 0) continue
    const preferred = rest.slice(first).filter((word) => word !== 'pre:' && word !== 'post:')
    addTo(soft, moduleName(name), ...preferred.map(moduleName))
  }
  const aliases = new Map<string, string[]>()
  for (const line of linesOf(texts.alias)) {
    const [keyword, alias = '', name = ''] = line.split(/\s+/)
    if (keyword === 'alias' && !/[*?[]/.test(alias)) addTo(aliases, moduleName(alias), moduleName(name))
  }
  const builtin = new Map(linesOf(texts.builtin).map((path) => [moduleName(path), path]))
  return { paths, needs, soft, aliases, builtin }
}

function addTo(map: Map<string, string[]>, key: string, ...values: string[]): void {
  map.set(key, [...(map.get(key) ?? []), ...values])
}

/** Reads the index of a directory `lib/modules/VERSION` that depmod has processed. */
export async function readModuleIndex(directory: string): Promise<ModuleIndex> {
  const read = (name: string) => readFile(join(directory, name), 'utf8')
  const [dep, softdep, alias, builtin] = await Promise.all([
    read('modules.dep'),
    read('modules.softdep'),
    read('modules.alias'),
    read('modules.builtin'),
  ])
  return parseModuleIndex({ dep, softdep, alias, builtin })
}

/** Parses a list: one entry per line, comments start with `#`. */
export const parseList = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean)

/**
 * The paths of the listed modules and of everything that they require or prefer, sorted by bytes. An entry is the name
 * of a module (`virtio-net`) or a directory of modules (`kernel/fs/`).
 *
 * Throws a Failure that names every entry that is neither a module nor built into the kernel.
 */
export function moduleClosure(index: ModuleIndex, list: readonly string[]): string[] {
  const missing: string[] = []
  const pending: string[] = []
  for (const entry of list) {
    const names = entry.endsWith('/') ? modulesBelow(index, entry) : modulesNamed(index, moduleName(entry))
    if (names) pending.push(...names)
    else missing.push(entry)
  }
  if (missing.length > 0)
    throw new Failure(`no such ${missing.length === 1 ? 'module' : 'modules'}: ${missing.join(', ')}`, {
      facts: [
        ['modules', String(index.paths.size)],
        ['built in', String(index.builtin.size)],
      ],
      hint: 'list only modules that are built into the kernel or are in its module directory',
    })
  const paths = new Map<string, string>()
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    const path = index.paths.get(name)
    if (path === undefined || paths.has(name)) continue
    paths.set(name, path)
    pending.push(...(index.needs.get(name) ?? []))
    for (const preferred of index.soft.get(name) ?? [])
      pending.push(...(modulesNamed(index, preferred) ?? []))
  }
  return [...paths.values()].sort((a, b) => (a < b ? -1 : 1))
}

/** The modules that a name stands for: none when it is built in, undefined when nothing has that name. */
function modulesNamed(index: ModuleIndex, name: string): readonly string[] | undefined {
  if (index.paths.has(name)) return [name]
  if (index.builtin.has(name)) return []
  return index.aliases.get(name)
}

function modulesBelow(index: ModuleIndex, directory: string): readonly string[] | undefined {
  const names = [...index.paths].filter(([, path]) => path.startsWith(directory)).map(([name]) => name)
  const builtin = [...index.builtin.values()].some((path) => path.startsWith(directory))
  return names.length > 0 || builtin ? names : undefined
}

/**
 * The only kernel version among the names in a `lib/modules`. Throws a Failure when there is none or more than one:
 * choosing between them would be a guess.
 */
export function oneKernelVersion(names: readonly string[]): string {
  const [version, ...others] = names
  if (version === undefined)
    throw new Failure('there are no kernel modules', { hint: 'provide the modules of one kernel version' })
  if (others.length > 0)
    throw new Failure('there are modules of more than one kernel', {
      facts: [['versions', [...names].sort().join(', ')]],
      hint: 'keep exactly one kernel version',
    })
  return version
}
