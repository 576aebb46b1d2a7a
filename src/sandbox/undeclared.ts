// Finds the undeclared file of the workspace that made a producer fail.
import { posix } from 'node:path'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import type { FailureOptions } from '../platform/failure.ts'
import { INSIDE } from './bubblewrap.ts'

/** How tools and Node report a missing file. */
const MISSING_FILE = /ENOENT|ENOTDIR|No such file|cannot (?:open|stat|access)|does not exist|not found/i

/** Candidates for a path in such a line: quoted text, or a word. */
const CANDIDATES = /'([^'\n]+)'|"([^"\n]+)"|‘([^’\n]+)’|([^\s'"‘’:,;()]+)/g

/**
 * Explains a failed run. The sandbox hides files that the artifact does not declare. If `words`, the output of the run,
 * name such a file, returns a fact and a hint with the declaration to add; otherwise undefined.
 */
export function undeclaredRead(
  disk: Disk,
  root: string,
  node: ArtifactNode | LockfileNode,
  words: string,
): Required<Pick<FailureOptions, 'facts' | 'hint'>> | undefined {
  for (const line of words.split('\n').filter((text) => MISSING_FILE.test(text)))
    for (const match of line.matchAll(CANDIDATES))
      for (const path of inWorkspace(match.slice(1).find((part) => part !== undefined) ?? '', root, node)) {
        const stat = disk.lstat(toRawPath(`${root}/${path}`))
        if (stat) return explain(node, path, stat.type === 'directory')
      }
  return undefined
}

/** The paths in the workspace that a word may mean: absolute, relative to a module of the code, or relative to the root. */
function inWorkspace(word: string, root: string, node: ArtifactNode | LockfileNode): readonly string[] {
  const below = (directory: string): string | undefined =>
    word.startsWith(`${directory}/`) ? word.slice(directory.length + 1) : undefined
  const beside = below(INSIDE.lbuild)
  const paths =
    beside === undefined
      ? [below(root) ?? word]
      : ('modules' in node ? node.modules : []).map((module) => `${posix.dirname(module)}/${beside}`)
  return paths
    .map((path) => posix.normalize(path))
    .filter((path) => !path.startsWith('/') && !/^(\.|\.\.|cache|output)(\/|$)/.test(path))
}

function explain(
  node: ArtifactNode | LockfileNode,
  path: string,
  isDirectory: boolean,
): Required<Pick<FailureOptions, 'facts' | 'hint'>> {
  for (const [name, input] of Object.entries(node.inputs))
    if (
      (input.kind === 'file' || input.kind === 'tree') &&
      (path === input.path || path.startsWith(`${input.path}/`))
    )
      return {
        facts: [['declared', `${path}, as the input '${name}'`]],
        hint: `read it from inputs.${name}: a producer sees its inputs only there`,
      }
  const name = posix
    .basename(path)
    .replace(/^\W*(\w+).*$/, '$1')
    .replaceAll(/\W/g, '')
  const call = isDirectory ? 'tree' : 'file'
  return {
    facts: [['not declared', path]],
    hint: `declare it, because a producer sees nothing else: inputs: { ${name || 'name'}: ${call}('${path}') }`,
  }
}
