// Guards the names that a producer reads: a name that the declaration lacks is an error, not undefined.
import { nearest } from '../graph/names.ts'
import { Failure } from '../platform/failure.ts'

/** A property of the context that holds declared names. */
export type Group = 'inputs' | 'params' | 'outputs'

/** Who reads the names: `artifact('image')`, or `lockfile('debs')`. */
export interface Reader {
  readonly kind: 'artifact' | 'lockfile'
  readonly name: string
}

/** A producer read a name that its declaration lacks. The stack shows where. */
export class UndeclaredName extends Failure {}

/** The singular of each group, and a declaration to add. */
const GROUPS: Readonly<Record<Group, readonly [singular: string, declaration: string]>> = {
  inputs: ['input', "file('PATH')"],
  params: ['param', "text('DEFAULT')"],
  outputs: ['output', "'FILE'"],
}

/** Names that JavaScript and common libraries read of any object: await, JSON.stringify, test libraries and printers. */
const PROBES: ReadonlySet<PropertyKey> = new Set([
  'then',
  'toJSON',
  'inspect',
  'asymmetricMatch',
  '$$typeof',
  'nodeType',
  'tagName',
  '@@__IMMUTABLE_ITERABLE__@@',
  '@@__IMMUTABLE_RECORD__@@',
])

/**
 * Returns an object with the same properties, of which reading an undeclared name throws {@link UndeclaredName}. Only its
 * prototype is a proxy, so it can be listed, spread, printed, cloned and tested with `in` like any other object.
 */
export function guarded<T>(
  values: Readonly<Record<string, T>>,
  group: Group,
  reader: Reader,
): Record<string, T> {
  const prototype = new Proxy(
    {},
    {
      get(target, name, receiver): unknown {
        if (typeof name === 'symbol' || name in target || PROBES.has(name))
          return Reflect.get(target, name, receiver)
        throw undeclared(name, Object.keys(values), group, reader)
      },
    },
  )
  const object: Record<string, T> = Object.create(prototype, Object.getOwnPropertyDescriptors(values))
  return object
}

function undeclared(
  name: string,
  declared: readonly string[],
  group: Group,
  { kind, name: owner }: Reader,
): UndeclaredName {
  const [singular, declaration] = GROUPS[group]
  const near = nearest(name, declared)
  const member = /^[A-Za-z_$][\w$]*$/.test(name) ? name : `'${name}'`
  const line = `${group}: { ${declared.length === 0 ? '' : '…, '}${member}: ${declaration} }`
  const subject = kind === 'artifact' ? `the producer of '${owner}'` : `the resolver of '${owner}'`
  return new UndeclaredName(`${subject} read the undeclared ${singular} '${name}'`, {
    facts: [['declared', declared.join(', ') || 'none']],
    hint: `${near === undefined ? '' : `did you mean '${near}'? Otherwise `}declare it in ${kind}('${owner}', …): ${line}`,
  })
}
