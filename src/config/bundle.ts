import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { version as esbuildVersion, build } from 'esbuild'
import type { BuildFailure, Message, Metafile, Plugin } from 'esbuild'
import type { Digest } from '../platform/digest.ts'
import { digestOf, sha256 } from '../platform/digest.ts'
import { Failure } from '../platform/failure.ts'
import { MODULES } from './evaluate.ts'
import { labelOf } from './labels.ts'
import type { Locations } from './locations.ts'

/** Gives the label of a module. */
type LabelFor = (path: string) => string

/** One module of the distro's code, or of a library that it imports. */
export interface Module {
  /** How the module is called wherever the workspace and lbuild lie: it is part of keys. */
  readonly label: string
  readonly path: string
  readonly digest: Digest
  /** Labels of the modules that it imports. */
  readonly imports: readonly string[]
}

export interface Bundle {
  readonly code: string
  readonly modules: ReadonlyMap<string, Module>
}

/** The prefix of the declaration API's modules: the key's schema version stands for them. */
export const API = 'lbuild/api/'

const SCRIPT = /\.[cm]?[jt]sx?$/

/** What turns sources into code: part of every code digest. */
const compilerVersion = `esbuild ${esbuildVersion}`

/**
 * Bundles `build.config.ts` and everything that it imports into one module. The name `lbuild` means the copy in
 * `home`. Throws a Failure (exit code 2) that names file, line and column.
 */
export async function bundleConfig(config: string, locations: Locations): Promise<Bundle> {
  const { root, home, cache } = locations
  const label = (path: string): string => labelOf(path, locations)
  const digests = new Map<string, Digest>()
  try {
    const result = await build({
      entryPoints: [config],
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
      logLevel: 'silent',
      banner: {
        js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
      },
      plugins: [sourcesPlugin(label, digests, home)],
    })
    return { code: result.outputFiles[0]!.text, modules: modulesOf(result.metafile, root, label, digests) }
  } catch (error) {
    const errors = (error as Partial<BuildFailure>).errors
    if (!errors?.length) throw error
    throw syntaxFailure(errors)
  }
}

/** Resolves the name `lbuild`, takes the digest of the very bytes that are compiled, and registers exports. */
function sourcesPlugin(labelFor: LabelFor, digests: Map<string, Digest>, home: string): Plugin {
  return {
    name: 'lbuild-sources',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^lbuild($|\/)/ }, ({ path }) => ({
        path:
          path === 'lbuild' ? `${home}/src/api/index.ts` : `${home}/src/${path.slice('lbuild/'.length)}.ts`,
      }))
      onLoad({ filter: SCRIPT, namespace: 'file' }, ({ path }) => {
        const source = readFileSync(path)
        const label = labelFor(path)
        digests.set(path, sha256(source))
        const loader = path.endsWith('x') ? 'tsx' : /\.[cm]?ts$/.test(path) ? 'ts' : 'js'
        const own = !label.startsWith('npm') && !label.startsWith(API)
        return { contents: own ? `${source.toString()}\n${registration(path, label)}` : source, loader }
      })
    },
  }
}

function registration(path: string, label: string): string {
  const registry = `globalThis[Symbol.for(${JSON.stringify(MODULES)})]`
  return `import * as __lbuildSelf from ${JSON.stringify(path)};(${registry} ??= new Map()).set(${JSON.stringify(label)}, __lbuildSelf);`
}

function modulesOf(
  metafile: Metafile,
  root: string,
  labelFor: LabelFor,
  digests: ReadonlyMap<string, Digest>,
): Map<string, Module> {
  const modules = new Map<string, Module>()
  for (const [input, { imports }] of Object.entries(metafile.inputs)) {
    if (input.startsWith('(disabled):')) continue
    const path = resolve(root, input)
    const label = labelFor(path)
    const targets = imports
      .filter((edge) => !edge.external && !edge.path.startsWith('(disabled):'))
      .map((edge) => labelFor(resolve(root, edge.path)))
    modules.set(label, {
      label,
      path,
      digest: digests.get(path) ?? sha256(readFileSync(path)),
      imports: [...new Set(targets)].filter((target) => target !== label),
    })
  }
  return modules
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
    hint: 'mend the line and run again',
    exitCode: 2,
  })
}

/**
 * The labels of all modules that code in `start` can reach. A module that exports nothing but artifacts and lockfiles
 * (`isDeclaration`) is not entered: what another artifact may take from it, it takes as an input.
 */
export function reachable(
  modules: ReadonlyMap<string, Module>,
  start: readonly string[],
  isDeclaration: (label: string) => boolean,
): readonly string[] {
  const reached = new Set<string>()
  const visit = (label: string): void => {
    const module = modules.get(label)
    if (!module || reached.has(label) || label.startsWith(API)) return
    reached.add(label)
    for (const target of module.imports) if (!isDeclaration(target)) visit(target)
  }
  for (const label of start) visit(label)
  return [...reached].sort()
}

/** The digest of the code of some modules. */
export const codeDigest = (modules: ReadonlyMap<string, Module>, labels: readonly string[]): Digest =>
  digestOf([compilerVersion, ...labels.flatMap((label) => [label, modules.get(label)!.digest])])
