// Records the paths that decide which file an import resolves to, whether they exist or not.
import { isBuiltin } from 'node:module'
import { dirname, extname, join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import { isYoung } from '../fingerprint/fileState.ts'
import { sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { parent } from '../platform/disk.ts'
import { isObject } from '../platform/json.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Probe, SourceFile } from './sourceFiles.ts'
import { linkTarget, MISSING, stateOf } from './sourceFiles.ts'

/** The extensions that an import may omit (esbuild.github.io/api/#resolve-extensions). */
const EXTENSIONS = ['.tsx', '.ts', '.jsx', '.js', '.css', '.json']
/** Extensions of which one stands for the other: an import of `x.js` also finds `x.ts`. */
const SCRIPTS = ['.js', '.jsx', '.ts', '.tsx', '.mjs', '.mts', '.cjs', '.cts']
/** The manifests of Yarn Plug'n'Play, which replace `node_modules` of a workspace. */
const PNP = ['.pnp.data.json', '.pnp.cjs', '.pnp.js']
/** The kernel follows no more links than this on one path (path_resolution(7)). */
const MAX_LINKS = 40

/** A package.json as far as it decides resolution. */
class Manifest {
  readonly directory: string
  readonly #content: Readonly<Record<string, unknown>>

  constructor(directory: string, content: Readonly<Record<string, unknown>>) {
    this.directory = directory
    this.#content = content
  }

  text(field: string): string | undefined {
    const value = this.#content[field]
    return typeof value === 'string' ? value : undefined
  }

  /** Every target to which a field may map an import. A `*` of a pattern stands for some end of the import's path. */
  targets(field: 'imports' | 'exports', specifier: string): readonly string[] {
    const ends = [...specifier.matchAll(/[/#]/g)].map(({ index }) => specifier.slice(index + 1))
    return texts(this.#content[field]).flatMap((target) =>
      target.includes('*') ? ends.map((end) => target.replaceAll('*', end)) : [target],
    )
  }
}

/**
 * Records probes for one bundle. It records at least the paths at which esbuild looks: if none of them changes, every
 * import resolves to the same file (esbuild.github.io/api/#how-conditions-work, nodejs.org/api/esm.html, "Resolution
 * Algorithm Specification").
 */
export class ProbeRecorder {
  readonly #disk: Disk
  readonly #root: RawPath
  readonly #since: bigint
  readonly #states = new Map<RawPath, string>()
  readonly #read = new Map<string, Buffer | undefined>()
  readonly #manifests = new Map<string, Manifest | undefined>()
  readonly #checked = new Set<RawPath>()
  #settled = true

  /** `since` is the time before esbuild started, in nanoseconds since 1970. */
  constructor(disk: Disk, root: string, since: bigint) {
    this.#disk = disk
    this.#root = toRawPath(root)
    this.#since = since
  }

  /** Whether no recorded path changed since esbuild started, so that the records show what esbuild saw. */
  get settled(): boolean {
    return this.#settled
  }

  get probes(): readonly Probe[] {
    return [...this.#states].sort(([a], [b]) => (a < b ? -1 : 1))
  }

  /** The files whose content decides resolution. */
  get files(): readonly SourceFile[] {
    return [...this.#read].flatMap(([path, content]): SourceFile[] =>
      content ? [[toRawPath(path), sha256(content)]] : [],
    )
  }

  /** Records everything that led esbuild from the entry to the modules of a bundle. */
  record({ inputs }: Metafile, root: string): this {
    for (const above of withParents(root)) for (const name of PNP) this.#contentOf(join(above, name))
    for (const [input, { imports }] of Object.entries(inputs)) {
      if (input.startsWith('(disabled):')) continue
      const module = resolve(root, input)
      const directory = dirname(module)
      this.#walk(module)
      this.#packagesAbove(directory)
      for (const { path, original, external, kind } of imports) {
        const specifier = original ?? path
        if (kind === 'entry-point' || isBuiltin(specifier) || specifier === '<runtime>') continue
        this.#import(directory, specifier, external ? undefined : resolve(root, path))
      }
    }
    return this
  }

  /** What package.json says about the modules in a directory: whether `.js` is an ES module. */
  packageType(directory: string): string {
    return this.#packagesAbove(directory).at(0)?.text('type') ?? ''
  }

  #import(directory: string, specifier: string, found: string | undefined): void {
    if (/^\.{1,2}(\/|$)|^\//.test(specifier)) return this.#fileOrDirectory(resolve(directory, specifier))
    if (found !== undefined) this.#variants(found)
    for (const above of this.#packagesAbove(directory)) {
      const isInternal = specifier.startsWith('#')
      // A package may also import itself by its name.
      const targets = above.targets(isInternal ? 'imports' : 'exports', specifier)
      for (const target of targets)
        if (target.startsWith('.')) this.#variants(join(above.directory, target))
        else if (isInternal) this.#package(directory, target, found)
    }
    if (!specifier.startsWith('#')) this.#package(directory, specifier, found)
  }

  /** Records the directories in which a package is searched, the nearest first. */
  #package(directory: string, specifier: string, found: string | undefined): void {
    const name = /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier
    for (const above of withParents(directory)) {
      if (above.endsWith('/node_modules')) continue
      if (this.#walk(`${above}/node_modules`) === undefined) continue
      const real = this.#walk(join(above, 'node_modules', name))
      this.#fileOrDirectory(join(above, 'node_modules', specifier))
      if (real === undefined) continue
      for (const target of this.#manifest(real)?.targets('exports', specifier) ?? [])
        this.#variants(join(real, target))
      if (found?.startsWith(`${real}/`)) return
    }
  }

  #fileOrDirectory(path: string): void {
    const real = this.#walk(path)
    if (real !== undefined && this.#states.get(toRawPath(real)) === 'file') return
    this.#variants(path)
    if (real === undefined) return
    const manifest = this.#manifest(real)
    for (const main of [manifest?.text('main'), manifest?.text('module')]) {
      if (main === undefined) continue
      this.#variants(join(real, main))
      this.#variants(join(real, main, 'index'))
    }
    this.#variants(join(real, 'index'))
  }

  /** A path, and the paths that esbuild takes instead. */
  #variants(path: string): void {
    const extension = extname(path)
    this.#walk(path)
    for (const one of EXTENSIONS) this.#walk(`${path}${one}`)
    if (!SCRIPTS.includes(extension)) return
    const stem = path.slice(0, -extension.length)
    for (const one of SCRIPTS) this.#walk(`${stem}${one}`)
  }

  /** The readable package.json files in a directory and above it, the nearest first. */
  #packagesAbove(directory: string): readonly Manifest[] {
    return withParents(directory).flatMap((above) => {
      const manifest = this.#manifest(above)
      return manifest ? [manifest] : []
    })
  }

  #manifest(directory: string): Manifest | undefined {
    if (!this.#manifests.has(directory))
      this.#manifests.set(
        directory,
        parseManifest(directory, this.#contentOf(join(directory, 'package.json'))),
      )
    return this.#manifests.get(directory)
  }

  #contentOf(path: string): Buffer | undefined {
    if (this.#read.has(path)) return this.#read.get(path)
    const real = this.#walk(path)
    const isFile = real !== undefined && this.#states.get(toRawPath(real)) === 'file'
    if (isFile && real !== path) return this.#contentOf(real)
    const content = isFile ? this.#disk.readFile(toRawPath(path)) : undefined
    if (content) this.#checkAge(toRawPath(path))
    this.#read.set(path, content)
    return content
  }

  /** Records each component of a path, and follows links. Returns the real path; undefined if nothing exists there. */
  #walk(path: string): string | undefined {
    let names = toRawPath(path).split('/')
    let links = 0
    let real = ''
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      if (name === '' || name === '.') continue
      if (name === '..') {
        real = real.slice(0, real.lastIndexOf('/'))
        continue
      }
      const state = this.#stateOf(`${real}/${name}`)
      const target = linkTarget(state)
      if (target !== undefined) {
        if ((links += 1) > MAX_LINKS) return undefined
        if (target.startsWith('/')) real = ''
        names = [...target.split('/'), ...names]
      } else if (state === 'directory' || (state !== MISSING && names.length === 0)) real = `${real}/${name}`
      else return undefined
    }
    return fromRawPath(real)
  }

  #stateOf(path: RawPath): string {
    const known = this.#states.get(path)
    if (known !== undefined) return known
    const state = stateOf(this.#disk, path)
    this.#states.set(path, state)
    const directory = parent(path)
    // Other programs change the directories above a workspace, such as /tmp, all the time.
    if (!`${this.#root}/`.startsWith(directory === '/' ? '/' : `${directory}/`) || directory === this.#root)
      this.#checkAge(directory)
    return state
  }

  #checkAge(path: RawPath): void {
    if (this.#checked.has(path)) return
    this.#checked.add(path)
    const stat = this.#disk.lstat(path)
    if (stat && isYoung(stat, this.#since)) this.#settled = false
  }
}

function parseManifest(directory: string, content: Buffer | undefined): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(content?.toString() ?? '')
    return isObject(value) ? new Manifest(directory, value) : undefined
  } catch {
    return undefined
  }
}

/** A directory and all directories above it, the nearest first. */
const withParents = (directory: string): string[] =>
  directory === dirname(directory) ? [directory] : [directory, ...withParents(dirname(directory))]

/** All texts in a value of package.json, such as the targets of `exports`. */
const texts = (value: unknown): string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(texts)
      : []
