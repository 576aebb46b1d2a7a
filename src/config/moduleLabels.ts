// Names the modules of a config independently of where the workspace, lbuild and other packages lie on the disk.
import { existsSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import * as v from 'valibot'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'

/** The label prefix of lbuild's own modules. */
export const LBUILD = 'lbuild/'
/**
 * The label prefix of lbuild's API modules. Keys do not contain them: whoever changes what they mean changes KEY_SCHEMA.
 */
export const API = `${LBUILD}api/`
const NPM = 'npm/'
const OUTSIDE = 'outside/'

/** Whether a module belongs to an installed package: keys hold its bytes, and explanations do not show its lines. */
export const isLibrary = (label: string): boolean => label.startsWith(NPM)

/** A package on disk. */
export interface Package {
  readonly directory: string
  readonly name: string
  readonly version: string
  /** The SHA-256 of its package.json, from the bytes that name and version were read from. */
  readonly digest: Digest
}

const text = v.optional(v.fallback(v.string(), ''), '')
const PackageJson = v.object({ name: text, version: text })

/** Reads the package.json of a directory; undefined if there is none. */
export function readPackage(directory: string): Package | undefined {
  const path = `${directory}/package.json`
  if (!existsSync(path)) return undefined
  const content = readFileSync(path)
  return { directory, digest: sha256(content), ...v.parse(PackageJson, JSON.parse(content.toString())) }
}

/** Labels the modules of one config. A label is part of keys. */
export class ModuleLabels {
  readonly #root: string
  readonly #labels = new Map<string, string>()
  readonly #taken = new Set<string>()
  readonly #packages = new Map<string, Package | undefined>()

  constructor(root: string) {
    this.#root = root
  }

  /** The packages whose names or versions are in labels. */
  get packages(): readonly Package[] {
    return [...this.#packages.values()].filter((found) => found !== undefined)
  }

  /**
   * Returns the label of a module: `lbuild/PATH`, `npm/NAME@VERSION/PATH`, `outside/PATH` for a file outside the
   * workspace, or the path from the workspace's root (with `./` if it begins with one of these prefixes). Every module
   * has its own label. If a package is installed twice with one version, the second copy of a module gets `~2`. Ask for
   * modules in the order in which imports reach them, so that the numbers are the same on every machine.
   */
  labelOf(path: string): string {
    const known = this.#labels.get(path)
    if (known !== undefined) return known
    const wanted = this.#wanted(path)
    let label = wanted
    for (let count = 2; this.#taken.has(label); count += 1) label = `${wanted}~${count}`
    this.#labels.set(path, label)
    this.#taken.add(label)
    return label
  }

  /** Whether a module is the distro's own, neither lbuild's nor an installed package's. Its label is a function of its path. */
  isOwn(path: string): boolean {
    return this.#packageOf(path) === undefined
  }

  #wanted(path: string): string {
    const found = this.#packageOf(path)
    const below = path.slice((found?.directory ?? this.#root).length + 1)
    // The first directory is `src` in a checkout and `dist` in a package.
    if (found?.name === 'lbuild') return `${LBUILD}${below.slice(below.indexOf('/') + 1)}`
    if (found) return `${NPM}${found.name}@${found.version}/${below}`
    if (!path.startsWith(`${this.#root}/`)) return `${OUTSIDE}${posix.relative(this.#root, path)}`
    return [LBUILD, NPM, OUTSIDE].some((prefix) => below.startsWith(prefix)) ? `./${below}` : below
  }

  /** The package of a module that is not the distro's own. lbuild itself may lie outside of `node_modules`. */
  #packageOf(path: string): Omit<Package, 'digest'> | undefined {
    const [, installed, name] = /^(.*\/node_modules\/((?:@[^/]+\/)?[^/]+))\//.exec(path) ?? []
    if (installed !== undefined && name !== undefined) {
      const found = this.#package(installed)
      return { directory: installed, name: found?.name || name, version: found?.version ?? '' }
    }
    const checkout = /^(.*)\/(?:src|dist)\//.exec(path)?.[1]
    const found = checkout === undefined ? undefined : this.#package(checkout)
    return found?.name === 'lbuild' ? found : undefined
  }

  #package(directory: string): Package | undefined {
    if (!this.#packages.has(directory)) this.#packages.set(directory, readPackage(directory))
    return this.#packages.get(directory)
  }
}
