// Resolves what a config imports as `lbuild`: the workspace's package, else the lbuild that runs.
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Plugin, PluginBuild } from 'esbuild'
import { Failure } from '../platform/failure.ts'
import { RELEASE } from '../platform/release.ts'
import { readPackage } from './labels.ts'

/** The condition under which package.json exports sources: a checkout that runs needs no compiled libraries. */
const SOURCE = 'lbuild:source'

/** The conditions with which a config is bundled; `module` is what esbuild takes by itself (esbuild.github.io/api/#conditions). */
export const conditionsFor = (home: string): string[] =>
  existsSync(`${home}/src/api/index.ts`) ? ['module', SOURCE] : ['module']

/**
 * Resolves `lbuild` and `lbuild/…` as Node.js does, from the module that imports them. Only where there is no such package,
 * the lbuild in `home` stands in. `onMismatch` receives a Failure (exit code 2) when the package has another version than the
 * program that runs.
 */
export const lbuildImports = (home: string, onMismatch: (failure: Failure) => void): Plugin => ({
  name: 'lbuild-imports',
  setup(build) {
    build.onResolve({ filter: /^lbuild($|\/)/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === RESOLVING) return undefined
      const from = (directory: string): ReturnType<PluginBuild['resolve']> =>
        build.resolve(path, { importer, kind, resolveDir: directory, pluginData: RESOLVING })
      const ordinary = await from(resolveDir)
      const found = ordinary.errors.length > 0 && !hasPackage(resolveDir) ? await from(home) : ordinary
      const imported = found.path === '' ? undefined : packageAbove(found.path)
      if (imported && imported.version !== RELEASE) onMismatch(mismatch(imported, home))
      return found
    })
  },
})

/** Marks the resolution of the plugin's own, which it leaves to esbuild. */
const RESOLVING = Symbol('resolving')

const withParents = (directory: string): string[] =>
  directory === dirname(directory) ? [directory] : [directory, ...withParents(dirname(directory))]

/** Whether a module in a directory has a package `lbuild` to import: an installed one, or the one that it is part of. */
const hasPackage = (directory: string): boolean =>
  withParents(directory).some(
    (one) => existsSync(`${one}/node_modules/lbuild`) || readPackage(one)?.name === 'lbuild',
  )

const packageAbove = (path: string): ReturnType<typeof readPackage> =>
  withParents(dirname(path))
    .map(readPackage)
    .find((one) => one?.name === 'lbuild')

const mismatch = ({ version, directory }: { version: string; directory: string }, home: string): Failure =>
  new Failure('build.config.ts imports another version of lbuild than the one that runs', {
    facts: [
      ['imported', `${version}, ${directory}`],
      ['running', `${RELEASE}, ${home}`],
    ],
    hint: 'run the version of the workspace: npx lbuild',
    exitCode: 2,
  })
