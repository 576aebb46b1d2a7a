// The files that a template gives a new distro.
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { PLACEHOLDER, SHARED_FILES } from '../../templates/templates.ts'

/** A file of a new distro. */
export interface NewFile {
  /** The path in the distro. */
  readonly path: string
  readonly text: string
  readonly executable: boolean
}

/** The files of a template for a distro called `name`, except for package.json, sorted by path. `home` is the directory of lbuild. */
export const templateFiles = (home: string, template: string, name: string): readonly NewFile[] =>
  [SHARED_FILES, template]
    .flatMap((folder) => filesBelow(`${home}/src/templates/${folder}`))
    .map((file) => ({ ...file, text: file.text.replaceAll(PLACEHOLDER, name) }))
    .sort((a, b) => (a.path < b.path ? -1 : 1))

const filesBelow = (directory: string): NewFile[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).flatMap((path) => {
    const source = `${directory}/${path}`
    const stat = statSync(source)
    if (!stat.isFile()) return []
    const executable = (stat.mode & 0o100) !== 0
    return [{ path: withDots(path), text: readFileSync(source, 'utf8'), executable }]
  })

/** A name that begins with `_` begins with a dot in the distro, because npm packs no .gitignore and obeys it. */
const withDots = (path: string): string => path.replaceAll(/(^|\/)_/g, '$1.')

/** The longest name of a distro: it is also a host name, one label of at most 63 characters (RFC 1035). */
const LONGEST_NAME = 63

/**
 * The name of a distro in a directory: the letters, digits and dashes of the directory's name in lower case, so that it needs
 * quotes in no file of a template. `mydistro` if none are left.
 */
export function distroName(directoryName: string): string {
  const words = directoryName
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  const name = words.filter(Boolean).join('-').slice(0, LONGEST_NAME).replace(/-$/, '')
  return name === '' ? PLACEHOLDER : name
}
