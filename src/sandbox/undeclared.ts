import { posix } from 'node:path'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { toBytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import type { FailureOptions } from '../platform/failure.ts'
import { INSIDE } from './bubblewrap.ts'

/** How tools and Node say that something is not there. */
const NOT_THERE = /ENOENT|ENOTDIR|No such file|cannot (?:open|stat|access)|does not exist|not found/i

/** What may be a path in such a line: something in quotes, or a word. */
const WORDS = /'([^'\n]+)'|"([^"\n]+)"|‘([^’\n]+)’|([^\s'"‘’:,;()]+)/g

/**
 * The cause behind a failed run, where it is that the producer looked for a file of the workspace which it does not
 * declare: the sandbox does not show it. Gives the fact and the line to add, for a message; nothing where the words that
 * the run left name no such file.
 */
export function undeclaredRead(
  disk: Disk,
  root: string,
  node: ArtifactNode | LockfileNode,
  words: string,
): Required<Pick<FailureOptions, 'facts' | 'hint'>> | undefined {
  for (const line of words.split('\n').filter((text) => NOT_THERE.test(text)))
    for (const match of line.matchAll(WORDS))
      for (const path of inWorkspace(
        match.slice(1).find((part) => part !== undefined)!,
        root,
        node,
      )) {
        const stat = disk.lstat(toBytes(`${root}/${path}`))
        if (stat) return explain(node, path, stat.type === 'directory')
      }
  return undefined
}

/** The paths from the workspace's root that a word may mean: absolute, beside a module of the code, or relative. */
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
        hint: `read it from inputs.${name}: a producer sees its inputs there and nowhere else`,
      }
  const name = posix
    .basename(path)
    .replace(/^\W*(\w+).*$/, '$1')
    .replaceAll(/\W/g, '')
  const call = isDirectory ? 'tree' : 'file'
  return {
    facts: [['not declared', path]],
    hint: `a producer sees only what it declares; add: inputs: { ${name || 'name'}: ${call}('${path}') }`,
  }
}
