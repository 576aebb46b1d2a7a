// Checks of names that a config declares: names that JavaScript reserves, and names that look alike.
import * as v from 'valibot'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { escaped } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'

/** The form of names, which are also words of the command line and names of directories. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]*$/

/** Names that objects inherit, or that valibot leaves out of records: reading them never gives only what was declared. */
const isReserved = (name: string): boolean => name in Object.prototype || name === 'prototype'

const reserved = (name: string): string => `'${name}' is a built-in property of objects: use another name`

/** A name. */
export const name = v.pipe(
  v.string(),
  v.check(
    (value) => !isReserved(value),
    ({ input }) => reserved(input),
  ),
  v.regex(NAME, 'use letters, digits, dots, dashes and underscores'),
)

/** Returns what is wrong with a name; undefined for a valid one. */
export const nameProblem = (value: string): string | undefined => v.safeParse(name, value).issues?.[0].message

/** An object of declarations by name. */
export const byName = <S extends v.GenericSchema>(schema: S) =>
  v.pipe(
    v.unknown(),
    v.rawCheck(({ dataset, addIssue }) => {
      if (!dataset.typed || typeof dataset.value !== 'object' || dataset.value === null) return
      for (const member of Object.getOwnPropertyNames(dataset.value))
        if (isReserved(member)) addIssue({ message: reserved(member) })
      // A literal `{ __proto__: … }` declares no member, but replaces the prototype.
      if (![Object.prototype, null].includes(Object.getPrototypeOf(dataset.value)))
        addIssue({ message: reserved('__proto__') })
    }),
    v.record(name, schema),
  )

/** A name with what it names, such as `output 'image' of 'disk'`. */
type Named = readonly [what: string, name: string]

/**
 * Throws a Failure (exit code 2) for two paths, or two choices of a param, that differ only in Unicode normalization: they
 * look alike, and some file systems do not distinguish them.
 */
export function checkNormalization(
  artifacts: readonly ArtifactNode[],
  lockfiles: readonly LockfileNode[],
): void {
  const nodes = [...artifacts, ...lockfiles]
  const outputs = artifacts.flatMap((node) =>
    Object.entries(node.outputs).map(([output, { path }]): Named => [
      `output '${output}' of '${node.name}'`,
      path,
    ]),
  )
  const sources = nodes.flatMap((node) =>
    Object.entries(node.inputs).flatMap(([input, declared]): Named[] =>
      'path' in declared ? [[`input '${input}' of '${node.name}'`, declared.path]] : [],
    ),
  )
  const paths = lockfiles.map((node): Named => [`lockfile '${node.name}'`, node.path])
  checkAlike(outputs)
  checkAlike([...sources, ...paths])
  for (const node of nodes)
    for (const [param, { choices = [] }] of Object.entries(node.params))
      checkAlike(choices.map((choice): Named => [`param '${param}' of '${node.name}'`, choice]))
}

function checkAlike(all: readonly Named[]): void {
  const known = new Map<string, Named>()
  for (const named of all) {
    const [, name] = named
    const other = known.get(name.normalize())
    if (other && other[1] !== name)
      throw new Failure('two names differ only in Unicode normalization', {
        facts: [other, named].map(([what, text]) => [what, `'${text}', that is '${escaped(text)}'`] as const),
        hint: 'rename one of them, or write both in the same form',
        exitCode: 2,
      })
    known.set(name.normalize(), named)
  }
}
