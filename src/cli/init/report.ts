// What `lbuild init` prints: the files that it created and kept, what to add to these, and the next commands.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { printable } from '../../platform/printable.ts'
import { TEMPLATES } from '../../templates/templates.ts'
import { counted } from '../../platform/units.ts'
import { shellWord } from '../render/format.ts'
import { declaredDependencies, isElsewhere } from './dependency.ts'
import type { NewFile } from './templateFiles.ts'
import type { WrittenFiles } from './writeFiles.ts'

/** A distro whose files were written. */
export interface NewDistro {
  /** The absolute path of its directory. */
  readonly root: string
  /** The path of its directory as the user wrote it; undefined for the current directory. */
  readonly dir: string | undefined
  /** The name of its template, which may be the default. */
  readonly template: string
  readonly isDefault: boolean
  readonly files: readonly NewFile[]
  readonly written: WrittenFiles
  /** What the distro depends on, in the form of `devDependencies`. */
  readonly dependencies: Readonly<Record<string, string>>
}

/** The text that describes what was written, and what the user does next. */
export function initReport(distro: NewDistro): string {
  const { written } = distro
  const { created, kept } = written
  return [
    headline(distro),
    ...created.map((path) => `  ${path}`),
    ...kept.map((path) => `kept ${path}: ${advice(path, distro)}`),
    ...notes(distro).map((note) => `note: ${note}`),
    'next:',
    ...nextCommands(distro).map((command) => `  ${command}`),
  ]
    .map((line) => `${printable(line)}\n`)
    .join('')
}

function headline({ root, template, isDefault, written }: NewDistro): string {
  const others = [...TEMPLATES.keys()].filter((name) => name !== template)
  const source = `the template '${template}'${isDefault ? ` (the default; --template ${others.join(' or ')} selects another)` : ''}`
  const { length } = written.created
  return length === 0
    ? `created no file: each file of ${source} exists in ${root}`
    : `created ${counted(length, 'file')} of ${source} in ${root}`
}

/** What to do about a file that existed with another content. */
function advice(path: string, { root, files, dependencies }: NewDistro): string {
  if (path === 'package.json') return manifestAdvice(`${root}/${path}`, dependencies)
  if (path === 'build.config.ts') return 'list in it the artifacts and lockfiles of artifacts/'
  if (path === 'tsconfig.json') return 'it must include build.config.ts and artifacts'
  if (path !== '.gitignore') return 'it differs from the file of the template'
  const template = files.find((file) => file.path === path)?.text ?? ''
  const ignored = new Set(linesOf(textOf(`${root}/${path}`)).map(withoutSlashes))
  const missing = linesOf(template).filter((line) => !ignored.has(withoutSlashes(line)))
  return missing.length === 0 ? 'nothing to add' : `add ${missing.join(', ')}`
}

/** The text of a file; empty if it is no readable file, such as a symlink to nothing. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '')
const withoutSlashes = (line: string): string => line.trim().replaceAll(/^\/|\/$/g, '')

function manifestAdvice(path: string, dependencies: Readonly<Record<string, string>>): string {
  const declared = declaredDependencies(path)
  if (declared === undefined) return 'it is not a valid package.json'
  const missing = Object.entries(dependencies).filter(([name]) => !Object.hasOwn(declared, name))
  if (missing.length === 0) return 'nothing to add'
  const words = missing.map(([name, source]) => shellWord(`${name}@${source}`))
  const purpose = Object.hasOwn(declared, 'lbuild') ? 'for type checks, run ' : 'run '
  return `${purpose}npm install --save-dev ${words.join(' ')}`
}

/** What else keeps the distro from being built elsewhere. */
function notes({ root, dependencies }: NewDistro): string[] {
  const source = declaredDependencies(`${root}/package.json`)?.['lbuild'] ?? dependencies['lbuild'] ?? ''
  const repository = repositoryAbove(root)
  const checkout = resolve(root, source.replace(/^file:/, ''))
  return [
    ...(existsSync(`${checkout}/src/api`) && !existsSync(`${checkout}/dist/api`)
      ? [`the lbuild in ${checkout} has no compiled types; for type checks, run npm run prepack there`]
      : []),
    ...(isElsewhere(source, root)
      ? [`package.json takes lbuild from ${source}, which other machines lack; README.md says what CI needs`]
      : []),
    ...(repository === undefined
      ? []
      : [`CI reads its workflow only at the root of the repository, ${repository}; move it there`]),
  ]
}

/** The root of the git repository that contains a directory below its root. */
function repositoryAbove(root: string): string | undefined {
  if (existsSync(`${root}/.git`)) return undefined
  for (let directory = dirname(root); ; directory = dirname(directory)) {
    if (existsSync(`${directory}/.git`)) return directory
    if (directory === dirname(directory)) return undefined
  }
}

/** The commands that build the image and run it. */
const nextCommands = ({ dir, written }: NewDistro): string[] => [
  ...(dir === undefined || dir === '.' ? [] : [`cd ${shellWord(dir)}`]),
  ...(written.created.includes('package.json') ? ['npm install'] : []),
  'npx lbuild qcow2 --install-tools',
  'npx lbuild run qcow2',
]
