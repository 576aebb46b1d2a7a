/**
 * Enables systemd units in an image.
 * @module lbuild/images/systemdUnits
 */
import { Failure } from '../api/index.ts'
import type { Layer } from './layer.ts'
import { lastComponent, parentPath } from './paths.ts'

/** The `[Install]` section of a unit (systemd.unit(5)). */
export interface InstallSection {
  readonly wantedBy: readonly string[]
  readonly requiredBy: readonly string[]
  readonly alias: readonly string[]
  readonly also: readonly string[]
  readonly defaultInstance: string | undefined
}

/**
 * Parses `[Install]` of a unit file by the rules of systemd.syntax(7): `#` and `;` start comments, a backslash at the
 * end of a line continues it, lists add up, and an empty assignment clears them. Undefined when the section is empty.
 */
export function parseInstall(unit: string): InstallSection | undefined {
  const lists = new Map<string, readonly string[]>()
  let defaultInstance: string | undefined
  let section = ''
  for (const line of logicalLines(unit)) {
    const header = /^\[(.*)\]$/.exec(line)
    if (header) section = header[1] ?? ''
    if (header || section !== 'Install') continue
    const [, key = '', value = ''] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? []
    if (key === 'DefaultInstance') defaultInstance = value || undefined
    const words = value.split(/\s+/).filter(Boolean)
    lists.set(key, words.length === 0 ? [] : [...(lists.get(key) ?? []), ...words])
  }
  const list = (key: string): readonly string[] => lists.get(key) ?? []
  const [wantedBy, requiredBy] = [list('WantedBy'), list('RequiredBy')]
  const [alias, also] = [list('Alias'), list('Also')]
  const isEmpty = wantedBy.length + requiredBy.length + alias.length + also.length === 0
  return isEmpty ? undefined : { wantedBy, requiredBy, alias, also, defaultInstance }
}

function logicalLines(text: string): string[] {
  const logical: string[] = []
  let continued = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (/^[#;]/.test(line) || (line === '' && continued === '')) continue
    if (line.endsWith('\\')) continued += `${line.slice(0, -1)} `
    else {
      logical.push((continued + line).trim())
      continued = ''
    }
  }
  return continued === '' ? logical : [...logical, continued.trim()]
}

/** Where administrators put units, and where `systemctl enable` creates its links. */
const ADMIN = '/etc/systemd/system'

/** The unit file load path of systemd.unit(5) without /run; the first match wins. */
const LOAD_PATH = [ADMIN, '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

const UNIT_NAME =
  /^[A-Za-z0-9:_.\\@-]+\.(service|socket|target|timer|path|mount|automount|swap|slice|device|scope)$/

interface Unit {
  /** Its real name, never an alias: `ssh.service`. */
  readonly name: string
  /** The path of its file on the load path. */
  readonly path: string
  readonly install: InstallSection | undefined
}

/**
 * Enables units as `systemctl enable --root` does: creates the links that `[Install]` asks for, and enables the units
 * that `Also=` names. A dangling link or a link to another target is replaced.
 *
 * Throws a Failure that names the unit when it is missing, masked, or a template without an instance, when it has no
 * `[Install]`, or when a file or directory is in the place of a link.
 */
export function enableUnits(layer: Layer, names: readonly string[]): void {
  const enabled = new Set<string>()
  const pending = names.map((name) => ({ name, requested: true }))
  for (let next = pending.shift(); next; next = pending.shift()) {
    const unit = findUnit(layer, next.name)
    if (enabled.has(unit.name)) continue
    enabled.add(unit.name)
    if (unit.install) enable(layer, unit, unit.install)
    else if (next.requested)
      throw new Failure(`cannot enable unit '${next.name}': it has no [Install] section`, {
        facts: [['unit', unit.path]],
        hint: 'remove the unit from the units to enable, or add an [Install] section with WantedBy= to its file',
      })
    pending.push(...(unit.install?.also ?? []).map((name) => ({ name, requested: false })))
  }
}

function findUnit(layer: Layer, name: string): Unit {
  if (!UNIT_NAME.test(name))
    throw new Failure(`'${name}' is not the name of a unit`, {
      hint: 'write it with its suffix: ssh.service',
    })
  const template = name.replace(/@[^@]+(\.[a-z]+)$/, '@$1')
  for (const candidate of new Set([name, template]))
    for (const directory of LOAD_PATH) {
      const path = `${directory}/${candidate}`
      const entry = layer.lookup(layer.resolve(path, false))
      if (!entry) continue
      const real = layer.resolve(path)
      if (real === '/dev/null')
        throw new Failure(`unit '${name}' is masked`, {
          facts: [['masked by', path]],
          hint: `remove ${path}`,
        })
      const text = layer.read(path)
      if (text === undefined)
        throw new Failure(`cannot read unit '${name}'`, {
          facts: [
            ['path', path],
            ['resolves to', real],
          ],
        })
      if (entry.type !== 'symlink' || lastComponent(real) === candidate)
        return { name, path, install: parseInstall(text) }
      return findUnit(layer, aliasedName(lastComponent(real), name))
    }
  throw new Failure(`the image has no unit '${name}'`, {
    facts: [['searched', LOAD_PATH.join(', ')]],
    hint: 'add the package that contains it, or add the unit file to the image',
  })
}

/** The name of the unit behind an alias; when that is a template, with the instance of the alias. */
function aliasedName(real: string, alias: string): string {
  const instance = /@([^@]+)\.[a-z]+$/.exec(alias)?.[1]
  return instance === undefined ? real : real.replace(/@(\.[a-z]+)$/, `@${instance}$1`)
}

function enable(layer: Layer, unit: Unit, install: InstallSection): void {
  let name = unit.name
  if (/@\.[a-z]+$/.test(name)) {
    if (install.defaultInstance === undefined)
      throw new Failure(`unit '${name}' is a template without a default instance`, {
        facts: [['unit', unit.path]],
        hint: `name an instance: ${name.replace('@.', '@NAME.')}`,
      })
    name = name.replace('@.', `@${install.defaultInstance}.`)
  }
  const expand = (word: string) => expandSpecifiers(word, name)
  for (const target of install.wantedBy) link(layer, `${ADMIN}/${expand(target)}.wants/${name}`, unit.path)
  for (const target of install.requiredBy)
    link(layer, `${ADMIN}/${expand(target)}.requires/${name}`, unit.path)
  for (const other of install.alias) {
    const path = `${ADMIN}/${expand(other)}`
    if (path !== unit.path) link(layer, path, unit.path)
  }
}

/** Expands the specifiers that identify the unit (systemd.unit(5), specifiers). */
function expandSpecifiers(word: string, name: string): string {
  const [, prefix = '', , instance = ''] = /^([^@]*)(@(.*))?\.[a-z]+$/.exec(name) ?? []
  const values: Record<string, string> = {
    '%': '%',
    n: name,
    N: name.replace(/\.[a-z]+$/, ''),
    p: prefix,
    i: instance,
  }
  return word.replace(/%(.?)/g, (specifier, letter: string) => {
    const value = values[letter]
    if (value === undefined)
      throw new Failure(`cannot expand '${specifier}' in [Install] of '${name}'`, { facts: [['word', word]] })
    return value
  })
}

function link(layer: Layer, path: string, target: string): void {
  const at = layer.resolve(path, false)
  const existing = layer.lookup(at)
  if (existing && existing.type !== 'symlink')
    throw new Failure(
      `cannot enable '${lastComponent(target)}': the path of its link is a ${existing.type}`,
      {
        facts: [['path', at]],
        hint: `remove ${at}`,
      },
    )
  if (existing?.target !== undefined && leadsTo(layer, at, existing.target, target)) return
  layer.symlink(path, target)
}

/** Whether a link at `at` with this target, relative or absolute, leads to `path`. */
const leadsTo = (layer: Layer, at: string, target: string, path: string): boolean =>
  layer.resolve(target.startsWith('/') ? target : `${parentPath(at)}/${target}`, false) ===
  layer.resolve(path, false)
