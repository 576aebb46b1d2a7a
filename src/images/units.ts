import { ImageError } from './error.ts'
import type { Layer } from './layer.ts'
import { nameOf, parentOf } from './paths.ts'

/** What `[Install]` of a unit says (systemd.unit(5)). */
export interface InstallSection {
  readonly wantedBy: readonly string[]
  readonly requiredBy: readonly string[]
  readonly alias: readonly string[]
  readonly also: readonly string[]
  readonly defaultInstance: string | undefined
}

const LISTS = { WantedBy: 'wantedBy', RequiredBy: 'requiredBy', Alias: 'alias', Also: 'also' } as const

/**
 * Reads `[Install]` of a unit file by the rules of systemd.syntax(7): `#` and `;` comments, a backslash at the end of
 * a line continues it, lists add up and an empty assignment clears them. Undefined when there is nothing to install.
 */
export function parseInstall(unit: string): InstallSection | undefined {
  const install = {
    wantedBy: [] as string[],
    requiredBy: [] as string[],
    alias: [] as string[],
    also: [] as string[],
    defaultInstance: undefined as string | undefined,
  }
  let section = ''
  for (const line of logicalLines(unit)) {
    const header = /^\[(.*)\]$/.exec(line)
    if (header) section = header[1]!
    const [, key = '', value = ''] = /^([^=]+?)\s*=\s*(.*)$/.exec(line) ?? []
    if (header || section !== 'Install') continue
    if (key === 'DefaultInstance') install.defaultInstance = value || undefined
    if (!(key in LISTS)) continue
    const list = LISTS[key as keyof typeof LISTS]
    const words = value.split(/\s+/).filter(Boolean)
    install[list] = words.length === 0 ? [] : [...install[list], ...words]
  }
  const { wantedBy, requiredBy, alias, also } = install
  return wantedBy.length + requiredBy.length + alias.length + also.length > 0 ? install : undefined
}

function logicalLines(text: string): string[] {
  const logical: string[] = []
  let open = ''
  for (const raw of text.split('\n')) {
    const line = raw.trim()
    if (/^[#;]/.test(line) || (line === '' && open === '')) continue
    if (line.endsWith('\\')) open += `${line.slice(0, -1)} `
    else {
      logical.push((open + line).trim())
      open = ''
    }
  }
  return open === '' ? logical : [...logical, open.trim()]
}

const ADMIN = '/etc/systemd/system'

/** Where units are looked for, first come first served (systemd.unit(5), unit file load path), less /run. */
const LOAD_PATH = [ADMIN, '/usr/local/lib/systemd/system', '/usr/lib/systemd/system', '/lib/systemd/system']

const UNIT_NAME =
  /^[A-Za-z0-9:_.\\@-]+\.(service|socket|target|timer|path|mount|automount|swap|slice|device|scope)$/

interface Unit {
  /** Its own name, no alias: `ssh.service`. */
  readonly name: string
  /** Where its file was found, on the load path. */
  readonly path: string
  readonly install: InstallSection | undefined
}

/**
 * Enables units as `systemctl enable --root` does: makes the links that `[Install]` asks for, and enables what
 * `Also=` names. A link in their place that dangles or points elsewhere is replaced; a file or directory there is an
 * error, and so are a unit that is missing or masked, one with nothing to install, and a template without an instance.
 * All errors are ImageErrors that name the unit.
 */
export function enableUnits(layer: Layer, names: readonly string[]): void {
  const seen = new Set<string>()
  const pending = names.map((name) => ({ name, asked: true }))
  for (let next = pending.shift(); next; next = pending.shift()) {
    const unit = findUnit(layer, next.name)
    if (seen.has(unit.name)) continue
    seen.add(unit.name)
    if (unit.install) enable(layer, unit, unit.install)
    else if (next.asked)
      throw new ImageError(
        `the unit ${next.name} has no [Install] section to enable it by`,
        { unit: unit.path },
        'it is started by other units or by hand: take it off the list of services, or give it a WantedBy=',
      )
    pending.push(...(unit.install?.also ?? []).map((name) => ({ name, asked: false })))
  }
}

function findUnit(layer: Layer, name: string): Unit {
  if (!UNIT_NAME.test(name))
    throw new ImageError(`'${name}' is not the name of a unit`, {}, 'write it with its suffix: ssh.service')
  const template = name.replace(/@[^@]+(\.[a-z]+)$/, '@$1')
  for (const candidate of new Set([name, template]))
    for (const directory of LOAD_PATH) {
      const path = `${directory}/${candidate}`
      const found = layer.lookup(layer.resolve(path, false))
      if (!found) continue
      const real = layer.resolve(path)
      if (real === '/dev/null') throw new ImageError(`the unit ${name} is masked`, { mask: path })
      const text = layer.read(path)
      if (text === undefined)
        throw new ImageError(`the unit ${name} cannot be read`, { at: path, 'leads to': real })
      if (found.type !== 'symlink' || nameOf(real) === candidate)
        return { name, path, install: parseInstall(text) }
      return findUnit(layer, alias(nameOf(real), name))
    }
  throw new ImageError(
    `there is no unit ${name} in the image`,
    { 'looked in': LOAD_PATH.join(', ') },
    'add the package that brings it to the list, or its file to the overlay',
  )
}

/** The name of what an alias leads to, with the alias's instance when that is a template. */
function alias(real: string, name: string): string {
  const instance = /@([^@]+)\.[a-z]+$/.exec(name)?.[1]
  return instance === undefined ? real : real.replace(/@(\.[a-z]+)$/, `@${instance}$1`)
}

function enable(layer: Layer, unit: Unit, install: InstallSection): void {
  let name = unit.name
  if (/@\.[a-z]+$/.test(name)) {
    if (install.defaultInstance === undefined)
      throw new ImageError(
        `the unit ${name} is a template without a default instance`,
        { unit: unit.path },
        `name an instance: ${name.replace('@.', '@NAME.')}`,
      )
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

/** Expands the specifiers that say which unit this is (systemd.unit(5), specifiers). */
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
      throw new ImageError(`cannot expand ${specifier} in [Install] of ${name}`, { word })
    return value
  })
}

function link(layer: Layer, path: string, target: string): void {
  const at = layer.resolve(path, false)
  const found = layer.lookup(at)
  if (found && found.type !== 'symlink')
    throw new ImageError(
      `cannot enable ${nameOf(target)}: there is a ${found.type} where its link goes`,
      { at },
      `remove ${at}`,
    )
  if (found && found.target !== undefined && samePlace(layer, at, found.target, target)) return
  layer.symlink(path, target)
}

/** Whether a link's target, relative or not, is another way to write the path. */
const samePlace = (layer: Layer, at: string, target: string, path: string): boolean =>
  layer.resolve(target.startsWith('/') ? target : `${parentOf(at)}/${target}`, false) ===
  layer.resolve(path, false)
