// A small distro with real producers, and its expected outputs.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, rmSync } from 'node:fs'
import { TestWorkspace } from '../../support/workspace.ts'

/** The sources of the images. */
export interface State {
  /** A constant in a module that a producer imports. */
  readonly word: string
  readonly note: string
  /** The files of a tree, by their paths in it. */
  readonly files: Readonly<Record<string, { readonly text: string; readonly executable: boolean }>>
}

/** In bytes: large enough for a kill to happen while an image is copied. */
const SIZE = 3 << 20

const CONFIG: Readonly<Record<string, string>> = {
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { alone, image, listing, roster, sums } from './artifacts/all.ts'
export default defineConfig({ artifacts: [listing, sums, image, roster, alone], toolPath: ['tools'] })
`,
  'artifacts/all.ts': `import { copyFileSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { artifact, file, internal, tree } from 'lbuild'
import { WORD } from './word.ts'

export const listing = artifact('listing', {
  inputs: { src: tree('src') }, outputs: { list: internal('list') },
  produce({ inputs, outputs }) {
    const files = readdirSync(inputs.src, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    const paths = files.map((entry) => (entry.parentPath + '/' + entry.name).slice(inputs.src.length + 1)).sort()
    const line = (path: string) => {
      const at = inputs.src + '/' + path
      return path + (lstatSync(at).mode & 0o100 ? ' x ' : ' - ') + readFileSync(at, 'utf8') + '\\n'
    }
    writeFileSync(outputs.list, paths.map(line).join(''))
  },
})
export const sums = artifact('sums', {
  inputs: { note: file('note.txt'), list: listing.output('list') }, tools: ['sha256sum'], outputs: { sums: internal('sums') },
  async produce({ inputs, outputs, run }) {
    const { stdout } = await run('sha256sum', [inputs.note, inputs.list])
    writeFileSync(outputs.sums, stdout.split('\\n').map((line) => line.slice(0, 64)).join('\\n'))
  },
})
export const image = artifact('image', {
  inputs: { list: listing.output('list'), sums: sums.output('sums') }, outputs: { image: 'image.raw' },
  produce({ inputs, outputs }) {
    const text = WORD + '\\n' + readFileSync(inputs.sums, 'utf8') + readFileSync(inputs.list, 'utf8')
    writeFileSync(outputs.image, Buffer.alloc(${SIZE}, text))
  },
})
export const roster = artifact('roster', {
  inputs: { list: listing.output('list') }, outputs: { roster: 'docs/roster.txt' },
  produce({ inputs, outputs }) {
    writeFileSync(outputs.roster, readFileSync(inputs.list, 'utf8').replace(/ .*/g, ''))
  },
})
export const alone = artifact('alone', {
  inputs: { note: file('note.txt') }, tools: ['gate'], outputs: { note: 'alone.txt' },
  async produce({ inputs, outputs, run }) {
    copyFileSync(inputs.note, outputs.note)
    await run('gate', [])
  },
})
`,
  // Waits forever if there is a pipe beside it.
  'tools/gate': '#!/bin/sh\npipe="${0%/*}/closed"\nif [ -p "$pipe" ]; then read -r word <"$pipe"; fi\n',
}

export const TARGETS = ['image', 'roster', 'alone'] as const

export const FIRST: State = {
  word: 'word',
  note: 'note',
  files: {
    'etc/motd': { text: 'hello', executable: false },
    'bin/run': { text: 'run', executable: true },
    'bin/stop': { text: 'stop', executable: true },
  },
}

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex')

/** The content of every published output of a state, by its path in `output/`. */
export function imagesOf({ word, note, files }: State): Readonly<Record<string, Buffer>> {
  const paths = Object.keys(files).sort()
  const list = paths
    .map((path) => `${path}${files[path]!.executable ? ' x ' : ' - '}${files[path]!.text}\n`)
    .join('')
  const text = `${word}\n${sha256(note)}\n${sha256(list)}\n${list}`
  return {
    'image.raw': Buffer.alloc(SIZE, text),
    'docs/roster.txt': Buffer.from(paths.map((path) => `${path}\n`).join('')),
    'alone.txt': Buffer.from(note),
  }
}

/** A workspace of the system in a state. */
export function systemIn(state: State): TestWorkspace {
  const workspace = new TestWorkspace(CONFIG)
  chmodSync(workspace.path('tools/gate'), 0o755)
  change(workspace, undefined, state)
  return workspace
}

/** Makes the producer of `alone` wait at the gate until it is killed, or lets it pass. */
export function setGate(workspace: TestWorkspace, closed: boolean): void {
  const pipe = workspace.path('tools/closed')
  rmSync(pipe, { force: true })
  if (closed) execFileSync('mkfifo', [pipe])
}

/** Changes a workspace from one state to another. Files that are the same in both stay untouched. */
export function change(workspace: TestWorkspace, before: State | undefined, now: State): void {
  if (before?.word !== now.word) workspace.write('artifacts/word.ts', `export const WORD = '${now.word}'\n`)
  if (before?.note !== now.note) workspace.write('note.txt', now.note)
  for (const path of Object.keys(before?.files ?? {})) if (!now.files[path]) workspace.remove(`src/${path}`)
  for (const [path, { text, executable }] of Object.entries(now.files)) {
    const old = before?.files[path]
    if (old?.text !== text) workspace.write(`src/${path}`, text)
    if (old?.executable !== executable) chmodSync(workspace.path(`src/${path}`), executable ? 0o755 : 0o644)
  }
}

/** A generator of pseudo-random numbers in [0, 1): mulberry32. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The next state: a former one, or the note and two other things edited, added, deleted or renamed. */
export function edited(history: readonly State[], next: () => number): State {
  const below = (count: number): number => Math.floor(next() * count)
  const now = history.at(-1)!
  if (below(6) === 0) return history[below(history.length)]!
  return editOnce(editOnce({ ...now, note: `note ${below(1e6)}` }, below), below)
}

function editOnce(state: State, below: (count: number) => number): State {
  const paths = Object.keys(state.files)
  const path = paths[below(paths.length)]!
  const { [path]: file, ...others } = state.files
  const fresh = `${below(1e6)}`
  switch (below(6)) {
    case 0:
      return { ...state, word: `word ${fresh}` }
    case 1:
      return { ...state, files: { ...state.files, [`new/${fresh}`]: { text: fresh, executable: false } } }
    case 2:
      return { ...state, files: paths.length > 1 ? others : { [`only/${fresh}`]: file! } }
    case 3:
      return { ...state, files: { ...others, [`renamed/${fresh}`]: file! } }
    case 4:
      return { ...state, files: { ...state.files, [path]: { ...file!, executable: !file!.executable } } }
    default:
      return { ...state, files: { ...state.files, [path]: { ...file!, text: `edited ${fresh}` } } }
  }
}
