// Compares the names that producers read with those that their declarations declare.
import type { FunctionSource } from '../config/configProcess.ts'
import type { ArtifactNode, Graph, LockfileNode } from '../graph/graph.ts'
import { nearest } from '../graph/names.ts'
import type { Finding, Place } from './finding.ts'
import type { Group, NameRead, NamesRead } from './namesRead.ts'
import { namesRead } from './namesRead.ts'

/** Finds the place of an offset in the text of a function; undefined if it is unknown. */
export type PlaceOf = (text: string, offset: number) => Place | undefined

const SINGULAR: Readonly<Record<Group, string>> = {
  inputs: 'input',
  params: 'param',
  outputs: 'output',
  tools: 'tool',
}

/** The undeclared names that producers and resolvers read, and the declared ones that they certainly never read. */
export const nameFindings = (
  { artifacts, lockfiles }: Graph,
  sources: readonly FunctionSource[],
  placeOf: PlaceOf,
): readonly Finding[] =>
  [
    ...artifacts
      .filter(({ producer }) => producer === undefined)
      .map((node) => ({ node, kind: 'artifact' as const })),
    ...lockfiles.map((node) => ({ node, kind: 'lockfile' as const })),
  ].flatMap(({ node, kind }) => {
    const own = sources.filter((source) => source.kind === kind && source.owner === node.name)
    const read = own.map(({ member, text }) => ({
      text,
      names: namesRead(text, member === 'mirrors' ? 'params' : 'context'),
    }))
    return [
      ...undeclared(node, kind, read, placeOf),
      ...unused(
        node,
        kind,
        read.map(({ names }) => names),
      ),
    ]
  })

type Kind = FunctionSource['kind']

function undeclared(
  node: ArtifactNode | LockfileNode,
  kind: Kind,
  read: readonly { readonly text: string; readonly names: NamesRead }[],
  placeOf: PlaceOf,
): readonly Finding[] {
  return read.flatMap(({ text, names: { reads, tested } }) =>
    reads
      .toSorted((a, b) => a.offset - b.offset)
      .flatMap(({ group, name, offset }): Finding[] => {
        const declared = namesIn(node, group)
        if (declared.includes(name) || tested.has(group)) return []
        const near = nearest(name, declared)
        const add = `add it to ${group} of ${kind}('${node.name}', …)`
        const place = placeOf(text, offset)
        return [
          {
            kind: 'undeclared',
            message: `${subjectOf(node, kind)} ${group === 'tools' ? 'runs' : 'reads'} the undeclared ${SINGULAR[group]} '${name}'`,
            name,
            hint: near === undefined ? add : `did you mean '${near}'? Otherwise ${add}`,
            ...(place ? { place } : {}),
          },
        ]
      }),
  )
}

/**
 * A producer may run a declared tool by way of another one, so tools are never reported as unused. Nor is a name that the
 * producer misspells: that is one mistake.
 */
function unused(
  node: ArtifactNode | LockfileNode,
  kind: Kind,
  read: readonly NamesRead[],
): readonly Finding[] {
  const groups: readonly Group[] =
    kind === 'artifact' ? ['inputs', 'params', 'outputs'] : ['inputs', 'params']
  const reads: readonly NameRead[] = read.flatMap((one) => one.reads)
  const isRead = (group: Group, name: string): boolean => {
    const declared = namesIn(node, group)
    return reads.some(
      (one) =>
        one.group === group &&
        (one.name === name || (!declared.includes(one.name) && nearest(one.name, declared) === name)),
    )
  }
  return groups
    .filter((group) => !read.some(({ open }) => open.has(group)))
    .flatMap((group) =>
      namesIn(node, group)
        .filter((name) => !isRead(group, name))
        .map((name): Finding => {
          const verb = group === 'outputs' ? 'write' : 'read'
          return {
            kind: 'unused',
            message: `${subjectOf(node, kind)} does not ${verb} the declared ${SINGULAR[group]} '${name}'`,
            name,
            hint: `remove it from ${group} of ${kind}('${node.name}', …)`,
          }
        }),
    )
}

const subjectOf = ({ name }: ArtifactNode | LockfileNode, kind: Kind): string =>
  `the ${kind === 'artifact' ? 'producer' : 'resolver'} of '${name}'`

function namesIn(node: ArtifactNode | LockfileNode, group: Group): readonly string[] {
  if (group === 'tools') return node.tools.map(({ name }) => name)
  if (group === 'outputs') return 'outputs' in node ? Object.keys(node.outputs) : []
  return Object.keys(node[group])
}
