import { posix } from 'node:path'
import type { Locations } from './locations.ts'

/** Where modules come from that are not simply below the workspace: the first part of their labels, and the directory. */
const origins = ({ root, home }: Locations): readonly (readonly [prefix: string, directory: string])[] => [
  ['lbuild', `${home}/src`],
  ['npm-of-lbuild', `${home}/node_modules`],
  ['npm', `${root}/node_modules`],
]

/**
 * The name of a module wherever the workspace and lbuild lie: it is part of keys. Two files never share one: each is
 * the path from one of three locations, or from the workspace.
 */
export function labelOf(path: string, locations: Locations): string {
  for (const [prefix, directory] of origins(locations))
    if (path.startsWith(`${directory}/`)) return `${prefix}/${path.slice(directory.length + 1)}`
  if (path.startsWith(`${locations.root}/`)) return path.slice(locations.root.length + 1)
  return `outside/${posix.relative(locations.root, path)}`
}

/** The path of a module from its label. */
export function pathOfLabel(label: string, locations: Locations): string {
  for (const [prefix, directory] of [...origins(locations), ['outside', locations.root] as const])
    if (label.startsWith(`${prefix}/`)) return posix.join(directory, label.slice(prefix.length + 1))
  return `${locations.root}/${label}`
}

/** Whether a module is a library's: of these the bytes count, and nobody reads them line by line. */
export const isLibrary = (label: string): boolean => /^npm(-of-lbuild)?\//.test(label)
