// The rules of the project's structure, as functions from a root directory to the violations below it.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folders of src/. A file imports only from its own folder and from those further down. */
export const FOLDERS: readonly string[] = [
  'cli',
  'watch',
  'check',
  'verify',
  'vm',
  'executor',
  'sandbox',
  'lockfiles',
  'report',
  'explain',
  'diff',
  'events',
  'workspace',
  'config',
  'store',
  'fingerprint',
  'planner',
  'graph',
  'debian',
  'images',
  'api',
  'platform',
  'templates',
]

/** The folders of test/ that mirror no folder of src/. */
const TEST_FOLDERS: readonly string[] = ['artifacts', 'bench', 'e2e', 'fuzz', 'package', 'support']

/** The folders of src/ that are about one family of distros. */
const FOR_ONE_FAMILY: readonly string[] = ['debian', 'templates']

/** The maximum length of a file, in lines. */
const LONGEST_FILE = 300

const OXLINT = fileURLToPath(new URL('../../node_modules/.bin/oxlint', import.meta.url))

/** Imports from one folder of src/ to a folder above it, type imports included. */
export function upwardImports(root: string): string[] {
  return filesBelow(root, 'src', /\.ts$/).flatMap((path) => {
    const from = folderOf(path)
    if (from === undefined) return []
    if (!FOLDERS.includes(from)) return [`${path} is in a folder without a place in the order`]
    return importsOf(root, path)
      .filter((name) => name.startsWith('.'))
      .map((name) => normalize(join(dirname(path), name)))
      .filter((to) => FOLDERS.indexOf(folderOf(to) ?? '') < FOLDERS.indexOf(from))
      .map((to) => `${path} imports ${to}`)
  })
}

/** Lines of src/ that name a distro, its package manager or a path of its artifacts. */
export function distroNames(root: string): string[] {
  return filesBelow(root, 'src', /\.(ts|mjs)$/)
    .filter((path) => !FOR_ONE_FAMILY.includes(folderOf(path) ?? ''))
    .flatMap((path) =>
      read(root, path)
        .split('\n')
        .map((line, at) => ({
          line: line.replace(/(?: from |import\()'[./]*\/debian\/\w+\.ts'/, ''),
          at: at + 1,
        }))
        .filter(({ line }) => /levitate|\bdpkg|\bapt\b|debian|\bartifacts\/\w/i.test(line))
        .map(({ line, at }) => `${path}:${at}: ${line.trim()}`),
    )
}

/** Imports of the reference distro that another distro could not have. */
export function privateImports(root: string): string[] {
  const isPublic = /^(lbuild|lbuild\/(images|debian)\/\w+|node:[\w/]+)$/
  const isOwn = /^(artifacts\/|build\.config\.ts$)/
  return ['build.config.ts', ...filesBelow(root, 'artifacts', /\.ts$/)].flatMap((path) =>
    importsOf(root, path)
      .filter((name) => !isPublic.test(name))
      .filter((name) => !(name.startsWith('.') && isOwn.test(normalize(join(dirname(path), name)))))
      .map((name) => `${path} imports ${name}`),
  )
}

/** Files that are too long to read in one go. */
export const longFiles = (root: string): string[] =>
  ['src', 'artifacts', 'test']
    .flatMap((folder) => filesBelow(root, folder, /\.(ts|mjs|py|sh)$/))
    .map((path) => ({ path, lines: read(root, path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > LONGEST_FILE)
    .map(({ path, lines }) => `${path} has ${lines} lines`)

/** Folders of test/ that belong to no folder of src/. */
export function strayTestFolders(root: string): string[] {
  const sources = readdirSync(join(root, 'src'))
  return readdirSync(join(root, 'test'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .filter((name) => !sources.includes(name) && !TEST_FOLDERS.includes(name))
}

/** Files that do not begin with a sentence about their purpose. */
export const filesWithoutPurpose = (root: string, ...folders: readonly string[]): string[] =>
  folders
    .flatMap((folder) => filesBelow(root, folder, /\.ts$/))
    .filter(
      (path) =>
        !/^(\/\/ [^\n]*(\n\/\/ [^\n]*)*|\/\*\*(\n \*)? [^\n]*(\n \* [^\n]*)*)\.( \*\/|\n|$)/.test(
          read(root, path),
        ),
    )

/** Type casts, `as const` aside. */
export const casts = (root: string, ...folders: readonly string[]): string[] =>
  lintViolations(root, folders, 'typescript/consistent-type-assertions', [{ assertionStyle: 'never' }])

/** Non-null assertions. */
export const nonNullAssertions = (root: string, ...folders: readonly string[]): string[] =>
  lintViolations(root, folders, 'typescript/no-non-null-assertion', [])

/** Functions of more lines than allowed, groups of tests (`describe`) aside. */
export const longFunctions = (root: string, max: number, ...folders: readonly string[]): string[] =>
  lintViolations(
    root,
    folders,
    'max-lines-per-function',
    [{ max }],
    (before) => !/\bdescribe(\.\w+\(.*\))?\([^\n]*$/.test(before),
  )

/** What oxlint prints of one place that breaks a rule. */
interface Diagnostic {
  readonly filename: string
  readonly labels: readonly { readonly span: { readonly offset: number; readonly line: number } }[]
}

/** The places below some folders that break one rule of oxlint, such as `src/cli/main.ts:12`. */
function lintViolations(
  root: string,
  folders: readonly string[],
  rule: string,
  options: readonly object[],
  counts: (textBefore: string) => boolean = () => true,
): string[] {
  const directory = mkdtempSync(join(tmpdir(), 'lbuild-lint-'))
  try {
    const config = join(directory, 'oxlint.json')
    writeFileSync(
      config,
      JSON.stringify({ plugins: ['typescript'], rules: { [rule]: ['warn', ...options] } }),
    )
    const args = ['--allow', 'correctness', '--config', config, '--format', 'json', ...folders]
    const { diagnostics }: { diagnostics: readonly Diagnostic[] } = JSON.parse(
      execFileSync(OXLINT, args, { cwd: root, encoding: 'utf8' }),
    )
    const found = diagnostics.flatMap(({ filename, labels }) => {
      const [at] = labels
      if (!at) return []
      const textBefore = readFileSync(join(root, filename)).subarray(0, at.span.offset).toString()
      return counts(textBefore) ? [`${filename}:${at.span.line}`] : []
    })
    // oxlint reports files in no fixed order.
    return found.sort()
  } finally {
    rmSync(directory, { recursive: true })
  }
}

/** The folder of src/ in which a file is; undefined for a file in src/ itself. */
const folderOf = (path: string): string | undefined => /^src\/([^/]+)\//.exec(path)?.[1]

const read = (root: string, path: string): string => readFileSync(join(root, path), 'utf8')

/** What a module imports or exports from, as it names it. */
const importsOf = (root: string, path: string): string[] =>
  [
    ...read(root, path).matchAll(
      /^(?:import|export|\})[^'\n]*\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm,
    ),
  ].map(([, ...names]) => names.join(''))

function filesBelow(root: string, folder: string, named: RegExp): string[] {
  if (!existsSync(join(root, folder))) return []
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => named.test(path))
    .map((path) => `${folder}/${path}`)
    .sort()
}
