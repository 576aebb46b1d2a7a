// The package.json of a new distro: where npm finds this lbuild, and the versions of TypeScript and of Node.js's types.
import { readFileSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import * as v from 'valibot'

const Versions = v.optional(v.record(v.string(), v.string()), {})
const Manifest = v.object({ dependencies: Versions, devDependencies: Versions })

/** The dependencies in a package.json; undefined if it is missing or invalid. */
function readManifest(path: string): v.InferOutput<typeof Manifest> | undefined {
  try {
    return v.parse(Manifest, JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return undefined
  }
}

/** What a distro in `root` depends on to build and to type-check its config, in the form of `devDependencies`. */
export function distroDependencies(home: string, root: string): Readonly<Record<string, string>> {
  const tested = readManifest(`${home}/package.json`)?.devDependencies ?? {}
  const types = caret(tested['@types/node'])
  return { '@types/node': types, lbuild: lbuildSource(home, root), typescript: caret(tested['typescript']) }
}

/** The versions that semver considers compatible with the tested one. */
const caret = (version: string | undefined): string => (version === undefined ? '*' : `^${version}`)

/**
 * Where npm finds the lbuild in `home`, for the package.json of `root`: the source from which a project installed it, such as a
 * tarball or a version, else the directory itself.
 */
function lbuildSource(home: string, root: string): string {
  const project = /^(.*)\/node_modules\/lbuild$/.exec(home)?.[1]
  const manifest = project === undefined ? undefined : readManifest(`${project}/package.json`)
  const source = manifest?.devDependencies['lbuild'] ?? manifest?.dependencies['lbuild']
  if (project === undefined || source === undefined) return fileSource(root, home)
  const [, file] = /^file:(.*)$/.exec(source) ?? []
  return file === undefined ? source : fileSource(root, resolve(project, file))
}

const fileSource = (root: string, path: string): string => `file:${relative(root, path) || '.'}`

/** Whether a source is a file outside of `root`, which other machines lack. */
export const isElsewhere = (source: string, root: string): boolean =>
  source.startsWith('file:') && relative(root, resolve(root, source.slice('file:'.length))).startsWith('..')

/** The text of a package.json for a distro. */
export const manifestText = (name: string, dependencies: Readonly<Record<string, string>>): string =>
  `${JSON.stringify({ name, private: true, type: 'module', devDependencies: dependencies }, undefined, 2)}\n`

/** The packages that a package.json installs, with their sources; undefined if it is not a valid one. */
export function declaredDependencies(path: string): Readonly<Record<string, string>> | undefined {
  const manifest = readManifest(path)
  return manifest && { ...manifest.dependencies, ...manifest.devDependencies }
}
