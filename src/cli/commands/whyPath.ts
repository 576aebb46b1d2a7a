// `lbuild why TARGET PATH`: whether and how a path influences a target.
import { dirname, relative, resolve } from 'node:path'
import { labelOfPath, pathOfLabel } from '../../config/sourceFiles.ts'
import type { RawPath } from '../../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../../platform/rawPath.ts'
import { closure } from '../../graph/graph.ts'
import { nearest } from '../../graph/names.ts'
import type { Influence, Subject } from '../../explain/pathInfluence.ts'
import { influenceOf } from '../../explain/pathInfluence.ts'
import { treeId } from '../../graph/treeId.ts'
import { exclusionOf } from '../../workspace/exclusions.ts'
import { declaredTools } from '../../workspace/snapshot.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { counted } from '../../platform/units.ts'
import { listed } from '../render/explanation.ts'
import { print, printDocument } from '../render/print.ts'

export async function whyPath(
  workspace: Workspace,
  target: string,
  word: string,
  { json, all = false }: { readonly json?: boolean | undefined; readonly all?: boolean | undefined },
): Promise<void> {
  const subject = await subjectOf(workspace, target, word)
  const influence = influenceOf(workspace.graph, target, subject)
  const { path } = subject
  const absent = absence(workspace, subject)
  if (json) return printDocument({ target, path, exists: absent === undefined, ...influence })
  const lines = influenceLines(target, path, influence, { all, exists: absent === undefined })
  print(`${[...lines, ...(absent === undefined ? [] : [absent])].join('\n')}\n`)
}

/** The path that the user asks about: relative to the current directory, or the label of a module as causes show it. */
async function subjectOf(workspace: Workspace, target: string, word: string): Promise<Subject> {
  const { disk, locations, graph, configFiles } = workspace
  const exists = (path: string): boolean => disk.lstat(toRawPath(path)) !== undefined
  const isLabel = Object.hasOwn(graph.modules, word) && !exists(resolve(word))
  const absolute = isLabel ? pathOfLabel(configFiles, word, locations.root) : resolve(word)
  const inside = relative(locations.root, absolute)
  const isInside = !inside.startsWith('../')
  const output = relative(locations.output, absolute)
  return {
    path: inside === '' ? '.' : isInside ? inside : absolute,
    label: isLabel ? word : labelOfPath(configFiles, absolute, locations.root),
    ...(output.startsWith('../') ? {} : { output }),
    tools: exists(absolute) ? await toolsOf(workspace, target, absolute) : [],
    leftOut: await rulesWithout(workspace, absolute),
  }
}

/** The rules that leave a path out of trees, by the ids of the trees. */
async function rulesWithout(
  { disk, graph, locations }: Workspace,
  absolute: string,
): Promise<ReadonlyMap<string, string>> {
  const { TreeRules } = await import('../../fingerprint/exclusion.ts')
  const inputs = [...graph.artifacts, ...graph.lockfiles].flatMap((node) => Object.values(node.inputs))
  const isDirectory = disk.lstat(toRawPath(absolute))?.type === 'directory'
  const rules = new Map<string, string>()
  for (const input of inputs) {
    if (input.kind !== 'tree') continue
    const root = `${locations.root}/${input.path}`
    const exclusion = exclusionOf(locations, input)
    if (!exclusion || !absolute.startsWith(`${root}/`)) continue
    const path = toRawPath(absolute.slice(root.length + 1))
    const rule = new TreeRules(disk, toRawPath(root), exclusion).ruleAbove(path, isDirectory)
    if (rule) rules.set(treeId(input), `${rule.pattern} (${rule.source})`)
  }
  return rules
}

/** The tools of a target and its dependencies that the file is part of. */
async function toolsOf(workspace: Workspace, target: string, absolute: string): Promise<readonly string[]> {
  const tools = await declaredTools(workspace, closure(workspace.graph, [target]))
  const { disk } = workspace
  const raw = toRawPath(absolute)
  const real = disk.realpath(raw)
  const covers = (path: RawPath): boolean =>
    `${raw}/`.startsWith(`${path}/`) || (disk.stat(path) !== undefined && disk.realpath(path) === real)
  return [...tools].filter(([, { files, shown }]) => [...files, ...shown].some(covers)).map(([name]) => name)
}

function influenceLines(
  target: string,
  path: string,
  influence: Influence,
  { all, exists }: { readonly all: boolean; readonly exists: boolean },
): readonly string[] {
  const { entryPoints, leftOut, elsewhere, producedBy, declaresOnly, nearestDeclared } = influence
  if (entryPoints.length > 0)
    return [
      `${path} ${exists ? 'influences' : 'would influence'} ${target}`,
      ...entryPoints.flatMap(({ artifact, how, chain, otherChains }) => [
        `  ${artifact}: ${how}`,
        `    ${chain.join(' → ')}${otherChains > 0 ? `, and ${counted(otherChains, 'other chain')}` : ''}`,
      ]),
    ]
  if (declaresOnly)
    return [
      `${path} influences ${target} only through its declarations`,
      '  It is part of the config: it declares artifacts, inputs, tools, params, the epoch or lockfiles.',
      '  No producer can reach its code, so no key contains its bytes.',
    ]
  const no = `${path} does not influence ${target}`
  if (producedBy !== undefined)
    return [
      no,
      `  it is an output of ${producedBy}: artifacts read it from the store, not from the output directory`,
    ]
  if (leftOut.length > 0) return [no, ...leftOut.map(({ artifact, how }) => `  ${artifact}: ${how}`)]
  if (elsewhere.length > 0)
    return [
      no,
      `  it influences ${listed(elsewhere, all)}; ${target} does not depend on ${elsewhere.length === 1 ? 'it' : 'them'}`,
    ]
  if (nearestDeclared === undefined) return [no, '  no artifact declares anything near it']
  return [no, `  ${nearestDeclared} is declared; ${path} is not`]
}

/** Reports a missing path, and suggests a similar one. Undefined if the path exists. */
function absence({ disk, locations, configFiles }: Workspace, { path, label }: Subject): string | undefined {
  const absolute = path.startsWith('/') ? path : resolve(locations.root, path)
  if ([absolute, pathOfLabel(configFiles, label, locations.root)].some((one) => disk.lstat(toRawPath(one))))
    return undefined
  let missing = absolute
  while (!disk.lstat(toRawPath(dirname(missing)))) missing = dirname(missing)
  const directory = dirname(missing)
  const isDirectory = disk.lstat(toRawPath(directory))?.type === 'directory'
  const names = isDirectory ? disk.readdir(toRawPath(directory)).map(fromRawPath) : []
  const near = nearest(missing.slice(directory.length + 1), names)
  const rest = absolute.slice(missing.length)
  const meant = near === undefined ? undefined : relative(locations.root, `${directory}/${near}${rest}`)
  return `${path} does not exist.${meant === undefined ? '' : ` Did you mean ${meant}?`}`
}
