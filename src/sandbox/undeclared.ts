// Finds the undeclared file or program of the workspace that made a producer fail.
import { posix } from 'node:path'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { isExecutable } from '../fingerprint/tree.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { FailureOptions } from '../platform/failure.ts'
import { INSIDE } from './bubblewrap.ts'

/** How tools, Node and interpreters report a missing file. */
const MISSING_FILE =
  /ENOENT|ENOTDIR|No such file|cannot (?:open|stat|access)|does not exist|not found|No module named|Can't locate/i

/** The endings that interpreters add to the name of a module: Python, Perl, Ruby. */
const ENDINGS = ['', '.py', '.pm', '.rb']

/** Candidates for a path in such a line: quoted text, or a word. */
const CANDIDATES = /'([^'\n]+)'|"([^"\n]+)"|‘([^’\n]+)’|([^\s'"‘’:,;()]+)/g

type Advice = Required<Pick<FailureOptions, 'facts' | 'hint'>>

/** Where undeclared files and programs of the workspace may be, as absolute paths. */
export interface UndeclaredPlaces {
  readonly root: string
  /** The directories of the workspace's own tools. */
  readonly toolDirectories: readonly string[]
}

/**
 * Explains a failed run. The sandbox hides files and programs that the artifact does not declare. If `words`, the output
 * of the run, name such a file, returns a fact and a hint with the declaration to add; otherwise undefined.
 */
export function undeclaredRead(
  disk: Disk,
  { root, toolDirectories }: UndeclaredPlaces,
  node: ArtifactNode | LockfileNode,
  words: string,
): Advice | undefined {
  for (const line of words.split('\n').filter((text) => MISSING_FILE.test(text)))
    for (const match of line.matchAll(CANDIDATES)) {
      const word = match.slice(1).find((part) => part !== undefined) ?? ''
      const program = programOf(disk, toolDirectories, word)
      // Shells begin their messages with the path of the script.
      if (program !== undefined && node.tools.some(({ name }) => name === program)) continue
      if (program !== undefined) return explainProgram(program, word)
      for (const path of inWorkspace(word, root, node)) {
        const stat = disk.lstat(toRawPath(`${root}/${path}`))
        if (stat) return explain(node, path, stat.type === 'directory')
      }
    }
  return undefined
}

/**
 * The name of the program of the workspace that a word names: alone, by its path, or as a module, without its ending.
 * Undefined if there is none.
 */
function programOf(disk: Disk, toolDirectories: readonly string[], word: string): string | undefined {
  for (const directory of toolDirectories)
    for (const name of ENDINGS.map((ending) => `${posix.basename(word)}${ending}`)) {
      const path = `${directory}/${name}`
      if (!name.startsWith(word) && word !== path) continue
      const stat = disk.stat(toRawPath(path))
      if (stat?.type === 'file' && isExecutable(stat)) return name
    }
  return undefined
}

const explainProgram = (name: string, word: string): Advice => ({
  facts: [['not declared', `the program ${word}`]],
  hint: `declare it, because a producer sees no other programs of the workspace: tools: [ …, '${name}' ]`,
})

/** The paths in the workspace that a word may mean: absolute, relative to a module of the code, or relative to the root. */
function inWorkspace(word: string, root: string, node: ArtifactNode | LockfileNode): readonly string[] {
  const below = (directory: string): string | undefined =>
    word.startsWith(`${directory}/`) ? word.slice(directory.length + 1) : undefined
  const beside = below(INSIDE.distro)
  const paths =
    beside === undefined
      ? [below(root) ?? word]
      : ('modules' in node ? node.modules : []).map((module) => `${posix.dirname(module)}/${beside}`)
  return paths
    .map((path) => posix.normalize(path))
    .filter((path) => !path.startsWith('/') && !/^(\.|\.\.|cache|output)(\/|$)/.test(path))
}

function explain(node: ArtifactNode | LockfileNode, path: string, isDirectory: boolean): Advice {
  for (const [name, input] of Object.entries(node.inputs))
    if (
      (input.kind === 'file' || input.kind === 'tree') &&
      (path === input.path || path.startsWith(`${input.path}/`))
    )
      return {
        facts: [['declared', `${path}, as the input '${name}'`]],
        hint: `read it from inputs.${name}, because a producer sees its inputs only there`,
      }
  const name = posix
    .basename(path)
    .replace(/^\W*(\w+).*$/, '$1')
    .replaceAll(/\W/g, '')
  const call = isDirectory ? 'tree' : 'file'
  return {
    facts: [['not declared', path]],
    hint: `declare it, because a producer sees only declared files: inputs: { ${name || 'name'}: ${call}('${path}') }`,
  }
}
