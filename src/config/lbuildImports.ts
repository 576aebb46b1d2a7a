// Resolves what a config imports as `lbuild`: the workspace's package, else the lbuild that runs.
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Plugin } from 'esbuild'
import * as v from 'valibot'
import { Failure } from '../platform/failure.ts'
import { LBUILD_VERSION } from '../platform/lbuildVersion.ts'
import { readPackage } from './moduleLabels.ts'

/**
 * Resolves `lbuild` and `lbuild/…` as Node.js does, from the module that imports them. If the module finds no such
 * package, the plugin uses the lbuild in `home`. If `home` is a checkout, the plugin returns its TypeScript sources, so
 * that the checkout needs no compiled libraries. `onMismatch` receives a Failure (exit code 2) when the package has
 * another version than the program that runs.
 */
export const lbuildImports = (home: string, onMismatch: (failure: Failure) => void): Plugin => ({
  name: 'lbuild-imports',
  setup(build) {
    // Many modules of few directories import few names.
    const packageOf = remembered(nearestPackage)
    const sourceOf = remembered((path) => sourceIn(home, path))
    build.onResolve({ filter: /^lbuild($|\/)/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === RESOLVING) return undefined
      const installed = packageOf(resolveDir)
      const own = installed === undefined || realpathSync(installed) === home
      const source = own ? sourceOf(path) : undefined
      if (source !== undefined) return { path: source }
      const from = installed === undefined ? home : resolveDir
      const found = await build.resolve(path, { importer, kind, resolveDir: from, pluginData: RESOLVING })
      const imported = found.path === '' ? undefined : packageAbove(found.path)
      if (imported && imported.version !== LBUILD_VERSION) onMismatch(mismatch(imported, home))
      return found
    })
  },
})

const Exports = v.object({ exports: v.record(v.string(), v.object({ 'lbuild:source': v.string() })) })

/** The source that a checkout in `home` exports under a name; undefined if it exports none, or is not a checkout. */
function sourceIn(home: string, imported: string): string | undefined {
  if (!existsSync(`${home}/src/api/index.ts`)) return undefined
  const { exports } = v.parse(Exports, JSON.parse(readFileSync(`${home}/package.json`, 'utf8')))
  const source = exports[imported.replace(/^lbuild/, '.')]?.['lbuild:source']
  return source === undefined ? undefined : join(home, source)
}

/**
 * The pluginData of the resolve calls that this plugin makes. The plugin ignores such calls, so that esbuild resolves
 * them.
 */
const RESOLVING = Symbol('resolving')

/** The same function, which computes the result for each argument once. */
function remembered<T>(compute: (argument: string) => T): (argument: string) => T {
  const results = new Map<string, { readonly result: T }>()
  return (argument) => {
    const known = results.get(argument) ?? { result: compute(argument) }
    results.set(argument, known)
    return known.result
  }
}

const withParents = (directory: string): string[] =>
  directory === dirname(directory) ? [directory] : [directory, ...withParents(dirname(directory))]

/** The package `lbuild` that a module in a directory imports: an installed one, or the one that it is part of. */
const nearestPackage = (directory: string): string | undefined =>
  withParents(directory)
    .flatMap((one) => [
      ...(readPackage(one)?.name === 'lbuild' ? [one] : []),
      ...(existsSync(`${one}/node_modules/lbuild`) ? [`${one}/node_modules/lbuild`] : []),
    ])
    .at(0)

const packageAbove = (path: string): ReturnType<typeof readPackage> =>
  withParents(dirname(path))
    .map(readPackage)
    .find((one) => one?.name === 'lbuild')

const mismatch = ({ version, directory }: { version: string; directory: string }, home: string): Failure =>
  new Failure('build.config.ts imports another version of lbuild than the one that runs', {
    facts: [
      ['imported', `${version}, ${directory}`],
      ['running', `${LBUILD_VERSION}, ${home}`],
    ],
    hint: 'run the version of the workspace: npx lbuild',
    exitCode: 2,
  })
