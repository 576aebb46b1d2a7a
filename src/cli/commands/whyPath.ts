import { dirname, relative, resolve } from 'node:path'
import { print } from '../render/print.ts'
import { labelOfPath, pathOfLabel } from '../../config/sourceFiles.ts'
import { fromBytes, toBytes } from '../../platform/bytes.ts'
import { closure } from '../../graph/graph.ts'
import { nearest } from '../../graph/names.ts'
import type { Influence, Subject } from '../../explain/pathInfluence.ts'
import { influenceOf } from '../../explain/pathInfluence.ts'
import { declaredTools } from '../../workspace/snapshot.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { listed } from '../render/explanation.ts'

/** `lbuild why TARGET PATH`: whether and how a path influences a target. */
export async function whyPathCommand(
  workspace: Workspace,
  target: string,
  word: string,
  options: { readonly json?: boolean; readonly all?: boolean },
): Promise<number> {
  const subject = await subjectOf(workspace, target, word)
  const influence = influenceOf(workspace.graph, target, subject)
  const { path } = subject
  const absent = absence(workspace, subject)
  if (options.json) {
    const document = { schemaVersion: 1, target, path, exists: absent === undefined, ...influence }
    print(`${JSON.stringify(document, undefined, 2)}\n`)
    return 0
  }
  const lines = influenceLines(target, path, influence, options.all ?? false)
  print(`${[...lines, ...(absent === undefined ? [] : [absent])].join('\n')}\n`)
  return 0
}

/** What is asked about: a path from here, or a module by the name that causes give it. */
async function subjectOf(workspace: Workspace, target: string, word: string): Promise<Subject> {
  const { disk, locations, graph, files } = workspace
  const isThere = (path: string): boolean => disk.lstat(toBytes(path)) !== undefined
  const isLabel = Object.hasOwn(graph.modules, word) && !isThere(resolve(word))
  const absolute = isLabel ? pathOfLabel(files, word, locations.root) : resolve(word)
  const inside = relative(locations.root, absolute)
  const isInside = !inside.startsWith('../')
  return {
    path: inside === '' ? '.' : isInside ? inside : absolute,
    label: isLabel ? word : labelOfPath(files, absolute, locations.root),
    tools: isThere(absolute) ? await toolsOf(workspace, target, absolute) : [],
  }
}

/** The tools below a target that a file is part of. */
async function toolsOf(workspace: Workspace, target: string, absolute: string): Promise<readonly string[]> {
  const tools = await declaredTools(workspace, closure(workspace.graph, [target]))
  const real = workspace.disk.realpath(toBytes(absolute))
  return [...tools]
    .filter(([, { path, files }]) => fromBytes(path) === absolute || files.includes(real))
    .map(([name]) => name)
}

function influenceLines(target: string, path: string, influence: Influence, all: boolean): readonly string[] {
  const { entrances, elsewhere, madeBy, declares, nearest: declared } = influence
  if (entrances.length > 0)
    return [
      `${path} influences ${target}`,
      ...entrances.flatMap(({ artifact, as, chain, otherWays }) => [
        `  ${artifact}: ${as}`,
        `    ${chain.join(' → ')}${otherWays > 0 ? `, and ${otherWays} other ${otherWays === 1 ? 'way' : 'ways'}` : ''}`,
      ]),
    ]
  if (declares)
    return [
      `${path} influences ${target} only by what it declares`,
      '  It is part of the config: artifacts, their inputs, tools and params, the epoch, how lockfiles are resolved.',
      '  A producer that runs cannot reach its code, so its bytes are in no key.',
    ]
  const no = `${path} does not influence ${target}`
  if (madeBy !== undefined)
    return [no, `  ${madeBy} makes it; what takes it has it from the store, whatever stands there`]
  if (elsewhere.length > 0)
    return [
      no,
      `  it influences ${listed(elsewhere, all)}, which ${elsewhere.length === 1 ? 'is' : 'are'} not below ${target}`,
    ]
  if (declared === undefined) return [no, '  no artifact declares anything near it']
  return [no, `  ${declared} is declared; ${path} is not`]
}

/** Says that nothing is there, and what is instead. */
function absence({ disk, locations, files }: Workspace, { path, label }: Subject): string | undefined {
  const absolute = path.startsWith('/') ? path : resolve(locations.root, path)
  if ([absolute, pathOfLabel(files, label, locations.root)].some((one) => disk.lstat(toBytes(one))))
    return undefined
  let missing = absolute
  while (!disk.lstat(toBytes(dirname(missing)))) missing = dirname(missing)
  const directory = dirname(missing)
  const isDirectory = disk.lstat(toBytes(directory))?.type === 'directory'
  const names = isDirectory ? disk.readdir(toBytes(directory)).map(fromBytes) : []
  const near = nearest(missing.slice(directory.length + 1), names)
  const rest = absolute.slice(missing.length)
  const meant = near === undefined ? undefined : relative(locations.root, `${directory}/${near}${rest}`)
  return `There is no such file.${meant === undefined ? '' : ` Did you mean ${meant}?`}`
}
