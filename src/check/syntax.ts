// Parses a function of the distro, and finds the bindings and references of a name in it.
import type * as acorn from 'acorn'
import { parse } from 'acorn'
import { fullAncestor } from 'acorn-walk'

export type FunctionNode = acorn.FunctionExpression | acorn.ArrowFunctionExpression

/** A parsed function. Offsets of nodes are those of its text, plus `shift`. */
export interface ParsedFunction {
  readonly node: FunctionNode
  readonly shift: number
  readonly parents: ReadonlyMap<acorn.AnyNode, acorn.AnyNode>
  /** Every identifier that reads a variable, by name. */
  readonly reads: ReadonlyMap<string, readonly acorn.AnyNode[]>
  /** Every identifier that declares or assigns a variable, by name. */
  readonly writes: ReadonlyMap<string, readonly acorn.AnyNode[]>
}

/** A function as an expression, and as a method of an object: how `toString()` writes it. */
const FORMS = [
  ['(', ')'],
  ['({', '})'],
] as const

/** Parses the text of a function, as `toString()` returns it. Undefined for a native or bound function. */
export function parseFunction(text: string): ParsedFunction | undefined {
  for (const [before, after] of FORMS)
    try {
      const program = parse(before + text + after, {
        ecmaVersion: 'latest',
        sourceType: 'module',
        checkPrivateFields: false,
      })
      const [statement] = program.body
      const node = statement?.type === 'ExpressionStatement' ? functionIn(statement.expression) : undefined
      if (node) return { node, shift: before.length, ...identifiersIn(node) }
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  return undefined
}

function functionIn(expression: acorn.Expression): FunctionNode | undefined {
  if (isFunction(expression)) return expression
  if (expression.type !== 'ObjectExpression') return undefined
  const [property] = expression.properties
  return property?.type === 'Property' && isFunction(property.value) ? property.value : undefined
}

const isFunction = (node: acorn.Expression): node is FunctionNode =>
  node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression'

function identifiersIn(root: FunctionNode): Pick<ParsedFunction, 'parents' | 'reads' | 'writes'> {
  const parents = new Map<acorn.AnyNode, acorn.AnyNode>()
  const reads = new Map<string, acorn.AnyNode[]>()
  const writes = new Map<string, acorn.AnyNode[]>()
  fullAncestor(root, (node, _, ancestors, type) => {
    const parent = ancestors.at(-2)
    if (parent) parents.set(node, parent)
    if (node.type !== 'Identifier') return
    const list = type === 'VariablePattern' ? writes : reads
    list.set(node.name, [...(list.get(node.name) ?? []), node])
  })
  return { parents, reads, writes }
}

/** Nodes that bound the scope of `let`, `const` and parameters. */
const BLOCKS = /^(BlockStatement|StaticBlock|SwitchStatement|For(In|Of)?Statement|CatchClause)$/
const FUNCTIONS = /^(FunctionExpression|FunctionDeclaration|ArrowFunctionExpression)$/

/**
 * The reads of a variable that a pattern declares. Undefined if the function declares or assigns this name elsewhere as
 * well: then a read may mean another variable, or another value.
 */
export function readsOf(
  { parents, reads, writes, node: root }: ParsedFunction,
  binding: acorn.Identifier,
): readonly acorn.AnyNode[] | undefined {
  if ((writes.get(binding.name) ?? []).length !== 1) return undefined
  let scope: acorn.AnyNode = binding
  let isVar = false
  for (let parent = parents.get(scope); parent; parent = parents.get(scope)) {
    scope = parent
    if (scope.type === 'VariableDeclaration') isVar = scope.kind === 'var'
    if (FUNCTIONS.test(scope.type) || (!isVar && BLOCKS.test(scope.type))) break
  }
  const { start, end } = scope.type === 'Identifier' ? root : scope
  return (reads.get(binding.name) ?? []).filter((read) => read.start >= start && read.end <= end)
}
