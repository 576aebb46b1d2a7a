import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from './error.ts'
import { nameOf } from './paths.ts'

/** What depmod knows of the modules of one kernel. Names are normal: `-` is written `_`. */
export interface ModuleIndex {
  /** Of each module by name: its path, `kernel/fs/ext4/ext4.ko`. */
  readonly paths: ReadonlyMap<string, string>
  /** Of each module by name: the names of the modules that it needs. */
  readonly needs: ReadonlyMap<string, readonly string[]>
  /** Of each module by name: the names or aliases that it would rather have loaded with it. */
  readonly soft: ReadonlyMap<string, readonly string[]>
  /** Of each alias without a pattern: the modules that answer to it. */
  readonly aliases: ReadonlyMap<string, readonly string[]>
  /** Of each module that is part of the kernel, by name: the path that it would have. */
  readonly builtin: ReadonlyMap<string, string>
}

/** The texts of a directory `lib/modules/VERSION` that make an index (modules.dep(5), depmod(8)). */
export interface ModuleTexts {
  readonly dep: string
  readonly softdep: string
  readonly alias: string
  readonly builtin: string
}

/** The name that the kernel gives to the module of a file: no directory, no suffix, `-` as `_`. */
export const moduleName = (path: string): string =>
  nameOf(path)
    .replace(/\.ko(\.(gz|xz|zst))?$/, '')
    .replaceAll('-', '_')

const lines = (text: string): string[] =>
  text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

/** Reads modules.dep, modules.softdep, modules.alias and modules.builtin. */
export function parseModuleIndex(texts: ModuleTexts): ModuleIndex {
  const paths = new Map<string, string>()
  const needs = new Map<string, string[]>()
  for (const line of lines(texts.dep)) {
    const [path = '', needed = ''] = line.split(':', 2)
    paths.set(moduleName(path), path)
    needs.set(moduleName(path), needed.split(' ').filter(Boolean).map(moduleName))
  }
  const soft = new Map<string, string[]>()
  for (const line of lines(texts.softdep)) {
    const [keyword, name = '', ...rest] = line.split(/\s+/)
    const first = rest.findIndex((word) => word === 'pre:' || word === 'post:')
    if (keyword !== 'softdep' || first < 0) continue
    const wanted = rest.slice(first).filter((word) => word !== 'pre:' && word !== 'post:')
    add(soft, moduleName(name), ...wanted.map(moduleName))
  }
  const aliases = new Map<string, string[]>()
  for (const line of lines(texts.alias)) {
    const [keyword, alias = '', name = ''] = line.split(/\s+/)
    if (keyword === 'alias' && !/[*?[]/.test(alias)) add(aliases, moduleName(alias), moduleName(name))
  }
  const builtin = new Map(lines(texts.builtin).map((path) => [moduleName(path), path]))
  return { paths, needs, soft, aliases, builtin }
}

function add(map: Map<string, string[]>, key: string, ...values: string[]): void {
  map.set(key, [...(map.get(key) ?? []), ...values])
}

/** Reads the index of a directory `lib/modules/VERSION` that depmod has been over. */
export async function readModuleIndex(directory: string): Promise<ModuleIndex> {
  const read = (name: string) => readFile(join(directory, name), 'utf8')
  const [dep, softdep, alias, builtin] = await Promise.all(
    ['modules.dep', 'modules.softdep', 'modules.alias', 'modules.builtin'].map(read),
  )
  return parseModuleIndex({ dep: dep!, softdep: softdep!, alias: alias!, builtin: builtin! })
}

/** Reads a list: one entry to a line, `#` starts a comment. */
export const parseList = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter(Boolean)

/**
 * The paths of the listed modules and of all that they need, softly too, sorted by bytes. An entry is the name of a
 * module (`virtio-net`), or a directory of them (`kernel/fs/`).
 *
 * Throws an ImageError that names every entry that is neither a module nor built into the kernel.
 */
export function moduleClosure(index: ModuleIndex, list: readonly string[]): string[] {
  const missing: string[] = []
  const roots: string[] = []
  for (const entry of list) {
    const found = entry.endsWith('/') ? below(index, entry) : named(index, moduleName(entry))
    if (found) roots.push(...found)
    else missing.push(entry)
  }
  if (missing.length > 0)
    throw new ImageError(
      `no such ${missing.length === 1 ? 'module' : 'modules'}: ${missing.join(', ')}`,
      { modules: index.paths.size, 'built in': index.builtin.size },
      'a listed module must be in the kernel, or in the modules of the input that is read here',
    )
  const seen = new Set<string>()
  const pending = [...roots]
  while (pending.length > 0) {
    const name = pending.pop()!
    if (seen.has(name)) continue
    seen.add(name)
    pending.push(...(index.needs.get(name) ?? []))
    for (const wanted of index.soft.get(name) ?? []) pending.push(...(named(index, wanted) ?? []))
  }
  return [...seen].map((name) => index.paths.get(name)!).sort((a, b) => (a < b ? -1 : 1))
}

/** The modules that a name stands for: none when they are built in, undefined when there is nothing of that name. */
function named(index: ModuleIndex, name: string): readonly string[] | undefined {
  if (index.paths.has(name)) return [name]
  if (index.builtin.has(name)) return []
  return index.aliases.get(name)
}

function below(index: ModuleIndex, directory: string): readonly string[] | undefined {
  const inside = [...index.paths].filter(([, path]) => path.startsWith(directory)).map(([name]) => name)
  const builtin = [...index.builtin.values()].some((path) => path.startsWith(directory))
  return inside.length > 0 || builtin ? inside : undefined
}

/**
 * The one kernel version among the names in a `lib/modules`. Throws an ImageError when there is none, or more than
 * one: which to take would be a guess.
 */
export function oneKernelVersion(names: readonly string[]): string {
  const [version] = names
  if (version === undefined || names.length > 1)
    throw new ImageError(
      version === undefined ? 'there are no kernel modules' : 'there are modules of more than one kernel',
      { found: names.length === 0 ? 'none' : [...names].sort().join(', ') },
      'exactly one kernel version is needed',
    )
  return version
}
