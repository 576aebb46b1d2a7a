// Bundles build.config.ts with all that it imports, and says which modules went in.
import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { version as esbuildVersion, build, stop } from 'esbuild'
import type { BuildFailure, Loader, Message, Metafile, Plugin } from 'esbuild'
import type { Digest } from '../platform/digest.ts'
import { digestOf, sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { GUARD } from './evaluate.ts'
import type { Package } from './moduleLabels.ts'
import { LBUILD, ModuleLabels } from './moduleLabels.ts'
import { lbuildImports } from './lbuildImports.ts'
import type { Locations } from './locations.ts'
import type { Code, Module } from './modules.ts'
import { ProbeRecorder } from './probes.ts'
import { registeredJson, registeredScript } from './registration.ts'

export interface Bundle extends Code {
  readonly text: string
  /** The imported packages, which decide labels. */
  readonly packages: readonly Package[]
  /** Records what decided which file each import resolves to. */
  readonly recordProbes: () => ProbeRecorder
}

/** How esbuild reads a file, by the end of its name. */
const LOADERS: readonly (readonly [RegExp, Loader])[] = [
  [/\.[jt]sx$/, 'tsx'],
  [/\.[cm]?ts$/, 'ts'],
  [/\.[cm]?js$/, 'js'],
  [/\.json$/, 'json'],
  [/\.txt$/, 'text'],
  [/\.css$/, 'css'],
]
/** How esbuild reads a file that is imported `with { type: … }`. */
const TYPES: Readonly<Record<string, Loader>> = { json: 'json', text: 'text', bytes: 'binary' }
const SCRIPTS: readonly Loader[] = ['js', 'ts', 'tsx']

const compiler = `esbuild ${esbuildVersion}`

/**
 * Bundles `build.config.ts` and everything that it imports into one module. Throws a Failure (exit code 2) that names
 * file, line and column, or both versions if the config imports another lbuild than the running one.
 */
export async function bundleConfig(disk: Disk, { root, home, cache }: Locations): Promise<Bundle> {
  const probes = new ProbeRecorder(disk, root, home, BigInt(Date.now()) * 1_000_000n)
  const labels = new ModuleLabels(root)
  const digests = new Map<string, Digest>()
  let mismatch: Failure | undefined
  try {
    const result = await endingEsbuild(() =>
      build({
        // A relative path: an entry point with a star is a pattern, and the path of the workspace may contain one.
        entryPoints: ['./build.config.ts'],
        bundle: true,
        format: 'esm',
        platform: 'node',
        target: 'node20',
        sourcemap: 'inline',
        sourcesContent: false,
        metafile: true,
        write: false,
        outfile: `${cache}/config/bundle.mjs`,
        absWorkingDir: root,
        tsconfigRaw: {},
        // An import whose path is computed then calls `require`, which the guard of the evaluation sees.
        supported: { 'dynamic-import': false },
        // Otherwise `sideEffects` of a package.json decides which modules run.
        ignoreAnnotations: true,
        logLevel: 'silent',
        banner: {
          js:
            "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" +
            `globalThis[Symbol.for(${JSON.stringify(GUARD)})]?.();`,
        },
        plugins: [lbuildImports(home, (failure) => (mismatch ??= failure)), sourcesPlugin(labels, digests)],
      }),
    )
    if (mismatch) throw mismatch
    const [output] = result.outputFiles
    const modules = modulesOf(result.metafile, root, labels, digests, probes)
    const recordProbes = (): ProbeRecorder => probes.record(result.metafile, root)
    return { text: output?.text ?? '', modules, compiler, packages: labels.packages, recordProbes }
  } catch (error) {
    if (mismatch) throw mismatch
    throw isBuildFailure(error) ? syntaxFailure(error.errors) : error
  }
}

/** How many compilations use the process of esbuild. */
let compilations = 0

/**
 * Compiles with esbuild. Ends the process of esbuild when no other compilation uses it; otherwise it would run as long as
 * `lbuild watch` does.
 */
async function endingEsbuild<T>(compile: () => Promise<T>): Promise<T> {
  compilations += 1
  try {
    return await collectingLess(compile)
  } finally {
    compilations -= 1
    if (compilations === 0) await stop()
  }
}

/**
 * Starts a program in Go that collects garbage when its memory has grown elevenfold (pkg.go.dev/runtime, GOGC): it ends before
 * it would need more. esbuild inherits the environment at the moment of the call.
 */
function collectingLess<T>(start: () => T): T {
  const own = process.env.GOGC
  process.env.GOGC = '1000'
  try {
    return start()
  } finally {
    if (own === undefined) delete process.env.GOGC
    else process.env.GOGC = own
  }
}

const isBuildFailure = (error: unknown): error is BuildFailure =>
  error instanceof Error && 'errors' in error && Array.isArray(error.errors) && error.errors.length > 0

/** Hashes the same bytes that esbuild compiles, and adds code that registers the exports of the distro's own modules. */
function sourcesPlugin(labels: ModuleLabels, digests: Map<string, Digest>): Plugin {
  return {
    name: 'lbuild-sources',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^data:/ }, () => ({
        errors: [{ text: 'a data: URL cannot be imported; write a file' }],
      }))
      onLoad({ filter: /./, namespace: 'file' }, ({ path, with: { type = '' } }) => {
        // Reading a fifo would block this process, and reading a device might never end.
        if (statSync(path, { throwIfNoEntry: false })?.isFile() === false)
          return { errors: [{ text: `${path} is not a regular file` }] }
        const loader = TYPES[type] ?? LOADERS.find(([end]) => end.test(path))?.[1]
        // esbuild reports a file that it cannot read.
        if (loader === undefined) return undefined
        const source = readFileSync(path)
        digests.set(path, sha256(source))
        const label = labels.labelOf(path)
        // The libraries of lbuild have no settings.
        if (label.startsWith(LBUILD)) return { contents: source, loader }
        if (SCRIPTS.includes(loader))
          return { contents: registeredScript(path, label, source.toString(), labels.isOwn(path)), loader }
        const json = loader === 'json' ? registeredJson(label, source.toString()) : undefined
        return json === undefined ? { contents: source, loader } : { contents: json, loader: 'js' }
      })
    },
  }
}

/** A path without the import attributes that esbuild appends when a file is also imported without them. */
const withoutAttributes = (path: string): string => path.replace(/ with \{[^{}]*\}$/, '')

/** The modules that went into a bundle, in the order in which imports reach them. */
function modulesOf(
  { inputs, outputs }: Metafile,
  root: string,
  labels: ModuleLabels,
  digests: ReadonlyMap<string, Digest>,
  probes: ProbeRecorder,
): Map<string, Module> {
  const importsOf = new Map(
    Object.entries(inputs).map(([input, { imports }]) => [
      resolve(root, withoutAttributes(input)),
      imports.map(({ path, original, kind, external = false }) => ({
        kind,
        specifier: original ?? path,
        target:
          external || path.startsWith('(disabled):') ? undefined : resolve(root, withoutAttributes(path)),
      })),
    ]),
  )
  const modules = new Map<string, Module>()
  const entries = Object.values(outputs).flatMap(({ entryPoint }) => entryPoint ?? [])
  const paths = new Set(entries.map((entry) => resolve(root, entry)))
  for (const path of paths) {
    const label = labels.labelOf(path)
    const edges = (importsOf.get(path) ?? []).map(({ kind, specifier, target }) => {
      if (target !== undefined) paths.add(target)
      return [kind, specifier, target === undefined ? '' : labels.labelOf(target)] as const
    })
    const others = edges.filter(([, , target]) => target !== label)
    modules.set(label, {
      label,
      path,
      digest: digestOfModule(digests, path),
      imports: [...new Set(others.map(([, , target]) => target).filter((target) => target !== ''))],
      links: digestOf([probes.packageType(dirname(path)), ...others.flat()]),
    })
  }
  return modules
}

/** The digest of the bytes that esbuild compiled. */
function digestOfModule(digests: ReadonlyMap<string, Digest>, path: string): Digest {
  const digest = digests.get(path)
  if (digest === undefined) throw new Error(`the module ${path} was compiled without a digest`)
  return digest
}

function syntaxFailure(errors: readonly Message[]): Failure {
  const lines = errors.map(({ text, location }) =>
    location
      ? `${location.file}:${location.line}:${location.column + 1}: ${text}\n  ${location.lineText.trim()}`
      : text,
  )
  const file = errors.find(({ location }) => location)?.location?.file ?? 'build.config.ts'
  return new Failure(`cannot compile ${file}`, {
    tail: lines.join('\n'),
    hint: errors.some(({ text }) => text.startsWith('Could not resolve'))
      ? 'install the package, or import the file by its path or by a name in "imports" of package.json; lbuild reads no tsconfig.json'
      : 'correct the line and run again',
    exitCode: 2,
  })
}
