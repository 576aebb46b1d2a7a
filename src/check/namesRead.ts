// Finds which declared names a producer reads, from its source. Reports only what is certain.
import type * as acorn from 'acorn'
import type { ParsedFunction } from './syntax.ts'
import { parseFunction, readsOf } from './syntax.ts'

/** What a producer takes from its context by name. */
export type Group = 'inputs' | 'params' | 'outputs' | 'tools'

const GROUPS: readonly Group[] = ['inputs', 'params', 'outputs', 'tools']

/** What a value of a function is: the whole context, or one of its members. */
type Value = 'context' | Group

/** A name that a function reads, at an offset of its text. */
export interface NameRead {
  readonly group: Group
  readonly name: string
  readonly offset: number
}

/** What a function reads. */
export interface NamesRead {
  readonly reads: readonly NameRead[]
  /** The groups of which the function may read further names, because it passes them on. */
  readonly open: ReadonlySet<Group>
  /** The groups whose names the function tests with `in`, so that it may read undeclared ones only if they exist. */
  readonly tested: ReadonlySet<Group>
}

/**
 * Finds the names that a function reads. `takes` says what its first argument is. Follows patterns, aliases and members;
 * whatever else uses the context leaves its groups open.
 */
export function namesRead(text: string, takes: Value = 'context'): NamesRead {
  const parsed = parseFunction(text)
  if (!parsed) return { reads: [], open: new Set(GROUPS), tested: new Set() }
  const finder = new ReadFinder(parsed)
  const [first] = parsed.node.params
  if (first) finder.bind(first, takes)
  // A function that is no arrow function can also read its arguments by `arguments`.
  if (parsed.reads.has('arguments')) finder.leaveOpen('context')
  return finder
}

class ReadFinder implements NamesRead {
  readonly reads: NameRead[] = []
  readonly open = new Set<Group>()
  readonly tested = new Set<Group>()
  readonly #parsed: ParsedFunction

  constructor(parsed: ParsedFunction) {
    this.#parsed = parsed
  }

  leaveOpen(value: Value): void {
    for (const group of value === 'context' ? GROUPS : [value]) this.open.add(group)
  }

  /** Notes that a pattern receives a value. */
  bind(pattern: acorn.Pattern, value: Value): void {
    switch (pattern.type) {
      case 'Identifier': {
        const reads = readsOf(this.#parsed, pattern)
        if (!reads) return this.leaveOpen(value)
        for (const read of reads) this.#use(read, value)
        return
      }
      case 'ObjectPattern':
        for (const property of pattern.properties) this.#bindProperty(property, value)
        return
      case 'AssignmentPattern':
        return this.bind(pattern.left, value)
      case 'RestElement':
      case 'ArrayPattern':
      case 'MemberExpression':
        return this.leaveOpen(value)
    }
  }

  #bindProperty(property: acorn.AssignmentProperty | acorn.RestElement, value: Value): void {
    if (property.type === 'RestElement')
      return value === 'context' ? this.bind(property.argument, value) : this.leaveOpen(value)
    const name = nameOf(property.key, property.computed)
    if (name === undefined) return this.leaveOpen(value)
    if (value !== 'context') return this.#note(value, name, property.key)
    const member = memberOf(name)
    if (member) this.bind(property.value, member)
  }

  /** Notes how an expression with a value is used. */
  #use(node: acorn.AnyNode, value: Value): void {
    const parent = this.#parsed.parents.get(node)
    if (parent?.type === 'MemberExpression' && parent.object === node) return this.#useMember(parent, value)
    if (parent?.type === 'CallExpression' && parent.callee === node && value === 'tools')
      return this.#useTool(parent)
    if (parent?.type === 'VariableDeclarator' && parent.init === node) return this.bind(parent.id, value)
    if (parent?.type === 'BinaryExpression' && parent.operator === 'in' && value !== 'context')
      this.tested.add(value)
    this.leaveOpen(value)
  }

  #useMember(member: acorn.MemberExpression, value: Value): void {
    const name = nameOf(member.property, member.computed)
    const parent = this.#parsed.parents.get(member)
    const isWritten =
      parent?.type === 'UpdateExpression' ||
      (parent?.type === 'AssignmentExpression' && parent.left === member)
    if (name === undefined || value === 'tools' || isWritten) return this.leaveOpen(value)
    if (value !== 'context') return this.#note(value, name, member.property)
    const group = memberOf(name)
    if (group) this.#use(member, group)
  }

  #useTool({ arguments: [tool] }: acorn.CallExpression): void {
    const name = tool && tool.type !== 'SpreadElement' ? nameOf(tool, true) : undefined
    if (tool && name !== undefined) this.#note('tools', name, tool)
  }

  #note(group: Group, name: string, at: acorn.AnyNode): void {
    // Such as params.hasOwnProperty(name).
    if (group !== 'tools' && name in Object.prototype) return this.leaveOpen(group)
    this.reads.push({ group, name, offset: at.start - this.#parsed.shift })
  }
}

/** The group behind a member of the context; undefined for a member without declared names. */
const memberOf = (name: string): Group | undefined =>
  name === 'run' ? 'tools' : GROUPS.find((group) => group === name && group !== 'tools')

/** The name of a member or property; undefined if it is computed. */
function nameOf(key: acorn.Expression | acorn.PrivateIdentifier, computed: boolean): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name
  if (key.type === 'Literal' && typeof key.value === 'string') return key.value
  if (key.type === 'TemplateLiteral' && key.expressions.length === 0)
    return key.quasis[0]?.value.cooked ?? undefined
  return undefined
}
