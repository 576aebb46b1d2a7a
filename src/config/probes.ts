// Records the paths that decide which file an import resolves to, whether they exist or not.
import { isBuiltin } from 'node:module'
import { basename, dirname, extname, join, resolve } from 'node:path'
import type { Metafile } from 'esbuild'
import { isRacy, isYoung, signatureOf } from '../fingerprint/fileState.ts'
import { sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { parent } from '../platform/disk.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { PackageManifest } from './packageManifest.ts'
import { packageName, parseManifest } from './packageManifest.ts'
import type { ProbedDirectory, SourceFile } from './sourceFiles.ts'
import { childOf, linkTarget, MISSING, stateOf } from './sourceFiles.ts'

/** The extensions that an import may omit (esbuild.github.io/api/#resolve-extensions). */
const EXTENSIONS = ['.tsx', '.ts', '.jsx', '.js', '.css', '.json']
/** Extensions of which one stands for the other: an import of `x.js` also finds `x.ts`. */
const SCRIPTS = ['.js', '.jsx', '.ts', '.tsx', '.mjs', '.mts', '.cjs', '.cts']
/** The manifests of Yarn Plug'n'Play, which replace `node_modules` of a workspace. */
const PNP = ['.pnp.data.json', '.pnp.cjs', '.pnp.js']
/** The kernel follows no more links than this on one path (path_resolution(7)). */
const MAX_LINKS = 40

/**
 * Records probes for one bundle. It records at least the paths at which esbuild looks: if none of them changes, every
 * import resolves to the same file (esbuild.github.io/api/#how-conditions-work, nodejs.org/api/esm.html, "Resolution
 * Algorithm Specification").
 */
export class ProbeRecorder {
  readonly #disk: Disk
  /** The directories above the workspace and above lbuild. Other programs change some of them, such as /tmp, all the time. */
  readonly #above: ReadonlySet<RawPath>
  readonly #since: bigint
  readonly #directories = new Map<RawPath, Directory>()
  /** What {@link #walk} returned, by path. */
  readonly #walked = new Map<string, string | undefined>()
  /** What {@link #variants} has recorded. */
  readonly #varied = new Set<string>()
  readonly #read = new Map<string, Buffer | undefined>()
  readonly #manifests = new Map<string, PackageManifest | undefined>()
  /** What {@link #packagesAbove} returned, by directory. */
  readonly #packages = new Map<string, readonly PackageManifest[]>()
  #settled = true

  /** `home` is lbuild's directory; `since` is the time before esbuild started, in nanoseconds since 1970. */
  constructor(disk: Disk, root: string, home: string, since: bigint) {
    this.#disk = disk
    const isInside = (path: string): boolean => path === root || path.startsWith(`${root}/`)
    const above = [root, home].flatMap((path) => withParents(dirname(path)))
    this.#above = new Set(above.filter((path) => !isInside(path)).map(toRawPath))
    this.#since = since
  }

  /** Whether no recorded path changed since esbuild started, so that the records show what esbuild saw. */
  get settled(): boolean {
    return this.#settled
  }

  /** Without the paths for which `isKnown` returns true. */
  probes(isKnown: (path: RawPath) => boolean): readonly ProbedDirectory[] {
    return [...this.#directories]
      .map(([path, { signature, entries }]): ProbedDirectory => [
        path,
        signature,
        [...entries].filter(([name]) => !isKnown(childOf(path, name))),
      ])
      .filter(([, , entries]) => entries.length > 0)
      .sort(([a], [b]) => (a < b ? -1 : 1))
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
      if (!isInternal && above.text('name') !== packageName(specifier)) continue
      const targets = above.targets(isInternal ? 'imports' : 'exports', specifier)
      for (const target of targets)
        if (target.startsWith('.')) this.#variants(join(above.directory, target))
        else if (isInternal) this.#package(directory, target, found)
    }
    if (!specifier.startsWith('#')) this.#package(directory, specifier, found)
  }

  /** Records the directories in which a package is searched, the nearest first. */
  #package(directory: string, specifier: string, found: string | undefined): void {
    const name = packageName(specifier)
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
    if (real !== undefined && this.#isFile(real)) return
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
    if (this.#varied.has(path)) return
    this.#varied.add(path)
    const extension = extname(path)
    this.#walk(path)
    for (const one of EXTENSIONS) this.#walk(`${path}${one}`)
    if (!SCRIPTS.includes(extension)) return
    const stem = path.slice(0, -extension.length)
    for (const one of SCRIPTS) this.#walk(`${stem}${one}`)
  }

  /** The readable package.json files in a directory and above it, the nearest first. */
  #packagesAbove(directory: string): readonly PackageManifest[] {
    const known = this.#packages.get(directory)
    if (known) return known
    const own = this.#manifest(directory)
    const further = directory === dirname(directory) ? [] : this.#packagesAbove(dirname(directory))
    const found = own ? [own, ...further] : further
    this.#packages.set(directory, found)
    return found
  }

  #manifest(directory: string): PackageManifest | undefined {
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
    const isFile = real !== undefined && this.#isFile(real)
    if (isFile && real !== path) return this.#contentOf(real)
    const content = isFile ? this.#disk.readFile(toRawPath(path)) : undefined
    const stat = content && this.#disk.lstat(toRawPath(path))
    if (stat && isYoung(stat, this.#since)) this.#settled = false
    this.#read.set(path, content)
    return content
  }

  /** Records each component of a path, and follows links. Returns the real path; undefined if nothing exists there. */
  #walk(path: string): string | undefined {
    if (path === '/') return ''
    if (this.#walked.has(path)) return this.#walked.get(path)
    const above = this.#walk(dirname(path))
    const isDirectory =
      above === '' || (above !== undefined && this.#stateOf(toRawPath(above)) === 'directory')
    const real = isDirectory ? this.#follow(toRawPath(above), toRawPath(basename(path))) : undefined
    this.#walked.set(path, real)
    return real
  }

  /** Follows the links to which an entry of a real directory leads. */
  #follow(directory: RawPath, entry: RawPath): string | undefined {
    let names = [entry]
    let links = 0
    let real = directory
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

  #isFile(real: string): boolean {
    return this.#stateOf(toRawPath(real)) === 'file'
  }

  #stateOf(path: RawPath): string {
    const above = parent(path)
    const { entries } = this.#directory(above)
    const name = path.slice(path.lastIndexOf('/') + 1)
    const state = entries.get(name) ?? stateOf(this.#disk, path)
    entries.set(name, state)
    return state
  }

  /** Must be called before the first entry is examined: then a later change of the directory changes its signature. */
  #directory(path: RawPath): Directory {
    const known = this.#directories.get(path)
    if (known) return known
    const stat = this.#disk.lstat(path)
    if (stat && !this.#above.has(path) && isYoung(stat, this.#since)) this.#settled = false
    const isStable = stat?.type === 'directory' && !isRacy(this.#disk, path, stat, this.#since)
    const directory = { signature: isStable ? signatureOf(stat) : '', entries: new Map<RawPath, string>() }
    this.#directories.set(path, directory)
    return directory
  }
}

/** A directory with the states of its probed entries, by name. `signature` is that of {@link ProbedDirectory}. */
interface Directory {
  readonly signature: string
  readonly entries: Map<RawPath, string>
}

/** A directory and all directories above it, the nearest first. */
const withParents = (directory: string): string[] =>
  directory === dirname(directory) ? [directory] : [directory, ...withParents(dirname(directory))]
