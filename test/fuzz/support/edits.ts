// Random edits of the sources and the declarations.
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import type { Model } from './model.ts'
import { KINDS, SOURCES } from './model.ts'
import { ANVIL, BESIDE, FORGE, LIBRARY, LIBRARY_PATH, PRESS, TOOL_PATH, TOOLS } from './tools.ts'

/** One edit as data: its kind, and three numbers that choose its subject. */
export interface Edit {
  readonly kind: keyof typeof EDITS
  readonly a: number
  readonly b: number
  readonly c: number
}

export const EDIT_NAMES = (): (keyof typeof EDITS)[] => Object.keys(EDITS) as (keyof typeof EDITS)[]

/** Edits the workspace or the declarations. An edit without a subject does nothing. */
export const apply = (edit: Edit, root: string, model: Model): void => EDITS[edit.kind](root, edit, model)

/** The directories of the sources and tools. */
const TOPS = ['src', 'host', ...TOOL_PATH]

/** All files below these. */
export type Snapshot = ReadonlyMap<string, { mode: number; mtime: number; content: string; type: string }>

export function takeSnapshot(root: string): Snapshot {
  const paths = TOPS.flatMap((top) => [top, ...below(root, top)])
  return new Map(
    paths.map((path) => {
      const stat = fs.lstatSync(`${root}/${path}`)
      const type = stat.isSymbolicLink() ? 'link' : stat.isDirectory() ? 'directory' : 'file'
      const content = {
        link: () => fs.readlinkSync(`${root}/${path}`),
        directory: () => '',
        file: () => fs.readFileSync(`${root}/${path}`, 'latin1'),
      }[type]()
      return [path, { mode: stat.mode & 0o777, mtime: stat.mtimeMs / 1000, content, type }]
    }),
  )
}

/** Restores a snapshot, with `times` also the file times, as some checkouts do. */
export function putBack(root: string, snapshot: Snapshot, times: boolean): void {
  for (const top of TOPS) fs.rmSync(`${root}/${top}`, { recursive: true })
  for (const [path, { mode, content, type }] of snapshot) {
    if (type === 'directory') fs.mkdirSync(`${root}/${path}`, { mode })
    else if (type === 'link') fs.symlinkSync(content, `${root}/${path}`)
    else fs.writeFileSync(`${root}/${path}`, content, { mode, encoding: 'latin1' })
  }
  if (times)
    for (const [path, { mtime }] of [...snapshot].reverse()) fs.lutimesSync(`${root}/${path}`, mtime, mtime)
}

function below(root: string, top: string): string[] {
  return fs
    .readdirSync(`${root}/${top}`, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${top}/${name}`)
}

/** Writes a file in place until its state on disk differs, as it does after an edit at a later moment. */
function write(path: string, content: string, mtime?: number): void {
  const before = fs.lstatSync(path, { bigint: true, throwIfNoEntry: false })
  do {
    fs.mkdirSync(dirname(path), { recursive: true })
    fs.writeFileSync(path, content, 'latin1')
    if (mtime !== undefined) fs.utimesSync(path, mtime, mtime)
  } while (before && fs.lstatSync(path, { bigint: true }).ctimeNs === before.ctimeNs)
}

function writeProgram(path: string, content: string): void {
  write(path, content)
  fs.chmodSync(path, 0o755)
}

/** All regular files that an artifact may have as an input or see in a tree. */
const files = (root: string): string[] =>
  [...below(root, 'src')].filter((path) => fs.lstatSync(`${root}/${path}`).isFile())

/** The entries of the trees, without the trees themselves. */
const entries = (root: string): string[] => below(root, 'src').filter((path) => path.split('/').length > 2)

const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % list.length]

const directories = (root: string): string[] =>
  below(root, 'src').filter((path) => fs.lstatSync(`${root}/${path}`).isDirectory())

type Act = (root: string, edit: Edit, model: Model) => void

const ofFile =
  (act: (path: string, edit: Edit) => void): Act =>
  (root, edit) => {
    const path = pick(files(root), edit.a)
    if (path !== undefined) act(`${root}/${path}`, edit)
  }

const EDITS = {
  content: ofFile((path, { b }) => write(path, `content ${b}`)),
  'same size, same time': ofFile((path, { b }) => {
    const { mtimeMs } = fs.statSync(path)
    const text = fs.readFileSync(path, 'utf8')
    write(path, text.replace(/.$/, String(b % 10)), mtimeMs / 1000)
  }),
  'time of the future': ofFile((path) => fs.utimesSync(path, 4_000_000_000, 4_000_000_000)),
  touch: ofFile((path) => fs.utimesSync(path, 1_000, 1_000)),
  'another inode': ofFile((path, { b }) => {
    const mode = fs.statSync(path).mode
    fs.unlinkSync(path)
    fs.writeFileSync(path, `new ${b}`, { mode })
  }),
  'atomic save': ofFile((path, { b }) => {
    fs.writeFileSync(`${path}~`, `saved ${b}`, { mode: fs.statSync(path).mode })
    fs.renameSync(`${path}~`, path)
  }),
  executable: ofFile((path) => fs.chmodSync(path, fs.statSync(path).mode ^ 0o100)),
  'bytes to the neighbour'(root, { a, b }) {
    const all = files(root)
    const [from, to] = [pick(all, a), pick(all, a + 1)]
    if (from === undefined || to === undefined || from === to) return
    const both = fs.readFileSync(`${root}/${from}`, 'utf8') + fs.readFileSync(`${root}/${to}`, 'utf8')
    const at = b % (both.length + 1)
    write(`${root}/${from}`, both.slice(0, at))
    write(`${root}/${to}`, both.slice(at))
  },
  swap(root, { a, b }) {
    const all = files(root)
    const [one, other] = [pick(all, a), pick(all, b)]
    if (one === undefined || other === undefined || one === other) return
    fs.renameSync(`${root}/${one}`, `${root}/src/between`)
    fs.renameSync(`${root}/${other}`, `${root}/${one}`)
    fs.renameSync(`${root}/src/between`, `${root}/${other}`)
  },
  rename(root, { a, b }) {
    const path = pick(entries(root), a)
    const to = `src/t${b % SOURCES}/renamed${b % 4}`
    if (path === undefined || fs.existsSync(`${root}/${to}`) || to.startsWith(`${path}/`)) return
    fs.renameSync(`${root}/${path}`, `${root}/${to}`)
  },
  add(root, { a, b, c }) {
    const directory = pick(directories(root), a)!
    const path = `${root}/${directory}/added${b % 5}`
    if (!fs.lstatSync(path, { throwIfNoEntry: false })) fs.writeFileSync(path, `added ${c % 3}`)
  },
  'add an empty directory'(root, { a, b }) {
    fs.mkdirSync(`${root}/${pick(directories(root), a)!}/dir${b % 4}`, { recursive: true })
  },
  link(root, { a, b, c }) {
    const path = `${root}/${pick(directories(root), a)!}/link${b % 3}`
    fs.rmSync(path, { recursive: true, force: true })
    fs.symlinkSync(`target${c % 3}`, path)
  },
  'another type'(root, { a }) {
    const path = pick(entries(root), a)
    if (path === undefined) return
    const isFile = fs.lstatSync(`${root}/${path}`).isFile()
    fs.rmSync(`${root}/${path}`, { recursive: true })
    if (isFile) fs.mkdirSync(`${root}/${path}`)
    else fs.writeFileSync(`${root}/${path}`, 'was none')
  },
  remove(root, { a }) {
    const path = pick(entries(root), a)
    if (path !== undefined) fs.rmSync(`${root}/${path}`, { recursive: true })
  },
  'optional file'(root, { b }) {
    if (fs.existsSync(`${root}/src/maybe`)) fs.unlinkSync(`${root}/src/maybe`)
    else fs.writeFileSync(`${root}/src/maybe`, `maybe ${b % 2}`)
  },
  tool: (root, { b }) => writeProgram(`${root}/tools/forge`, `${FORGE}# ${b % 4}\n`),
  interpreter: (root, { b }) => writeProgram(`${root}/tools/anvil`, `${ANVIL}# ${b % 4}\n`),
  'a program before the tool or its interpreter'(root, { a, b }) {
    const [name, content] = a % 2 === 0 ? ['forge', FORGE] : ['anvil', ANVIL]
    const path = `${root}/first/${name}`
    if (fs.existsSync(path)) fs.unlinkSync(path)
    else writeProgram(path, `${content}# first ${b % 4}\n`)
  },
  'another program beside the tools': (root, { b }) =>
    writeProgram(`${root}/tools/other`, `${ANVIL}# ${b % 4}\n`),
  'a file beside a tool'(root, { a, b, c }) {
    const path = `${root}/${pick(TOOL_PATH, a)!}/${pick(BESIDE, b)!}`
    if (c % 3 === 0) fs.rmSync(path, { force: true })
    else write(path, `beside ${c % 5}`)
  },
  'a linked tool': (root, { b }) => writeProgram(`${root}/tools/press`, `${PRESS}${b % 3}`),
  library(root, { a, b, c }) {
    const path = `${root}/${pick(LIBRARY_PATH, a)!}/${LIBRARY}`
    if (fs.lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() || c % 3 === 0)
      fs.rmSync(path, { force: true })
    else write(path, `library ${b % 4}`)
  },
  'library through a link'(root, { b, c }) {
    const path = `${root}/host/first/${LIBRARY}`
    write(`${root}/host/library${c % 2}`, `linked ${b % 4}`)
    fs.rmSync(path, { force: true })
    fs.symlinkSync(`../library${c % 2}`, path)
  },
  'another tool'(_root, { a, b }, model) {
    pick(model.artifacts, a)!.tool = b % (TOOLS.length + 1)
  },
  environment(_root, { b }, model) {
    model.environment = `value ${b % 3}`
  },
  param(_root, { a, b }, model) {
    pick(model.artifacts, a)!.param = b % 3
  },
  code(_root, { a, b }, model) {
    pick(model.artifacts, a)!.code = b % 3
  },
  kind(_root, { a, b }, model) {
    pick(model.artifacts, a)!.kind = pick(KINDS, b)!
  },
  dependencies(_root, { a, b }, model) {
    const at = a % model.artifacts.length
    const { dependencies } = model.artifacts[at]!
    if (at === 0) return
    const other = b % at
    if (dependencies.includes(other)) dependencies.splice(dependencies.indexOf(other), 1)
    else dependencies.push(other)
  },
  inputs(_root, { a, b, c }, model) {
    const artifact = pick(model.artifacts, a)!
    const list = c % 2 === 0 ? artifact.files : artifact.trees
    const at = b % SOURCES
    if (list.includes(at)) list.splice(list.indexOf(at), 1)
    else list.push(at)
  },
  publishing(_root, { a }, model) {
    const artifact = pick(model.artifacts, a)!
    artifact.internal = !artifact.internal
  },
} satisfies Record<string, Act>
