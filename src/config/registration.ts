// Adds code to a module that registers its exports and variables, so that lbuild notices who changes them.
import { basename } from 'node:path'
import { MODULES } from './evaluate.ts'

const REGISTRY = `globalThis[Symbol.for(${JSON.stringify(MODULES)})]`

/** The words that begin a declaration, and the name after them. */
const DECLARATION = /\b(?:let|var|const|class|function\s*\*?)\s+([A-Za-z_$][\w$]*)/g
/** The pattern of a declaration such as `const { a, b } = settings`. */
const PATTERN = /\b(?:let|var|const)\s*([{[][^=]*?[\]}])\s*(?::[^=]*)?=/g
/** A name after a comma, such as the second one of `let a = 1, b`. It may also be a key of an object. */
const FURTHER = /,\s*([A-Za-z_$][\w$]*)\s*!?\s*(?=[=:,;]|$)/gm
/** The names between `import` and the path of a module. */
const IMPORT = /\bimport\s+([^'"`;]*?)\s*\bfrom\b/g
const NAME = /[A-Za-z_$][\w$]*/g

/** Words that cannot be an operand of `typeof`. */
const RESERVED = new Set(
  (
    'arguments await break case catch class const continue debugger default delete do else enum eval export extends finally ' +
    'for function if implements import in instanceof interface let new package private protected public return static ' +
    'super switch throw try typeof var void while with yield'
  ).split(' '),
)

/** The exports of a CommonJS module. */
const COMMONJS = /\bexports\b/

/** A line that only an ES module has. */
const ES_MODULE = /^\s*(?:import|export)\b(?!\s*\()/m

/**
 * A script with code that registers its exports, and, if `hasVariables`, a function that returns the values of its
 * variables.
 */
export function registeredScript(path: string, label: string, source: string, hasVariables: boolean): string {
  // Many of the names are no variables at the top level, and so have no value here.
  const values = (hasVariables ? namesOfVariables(source) : []).map(
    (name) => `typeof ${name} === 'undefined' ? undefined : ${name}`,
  )
  const register = `(${REGISTRY} ??= new Map()).set(${JSON.stringify(label)}`
  // With an import, the script would be an ES module, where `this` is undefined.
  if (COMMONJS.test(source) && !ES_MODULE.test(source))
    return `${source}\n;${register}, { default: module.exports }, () => [${values.join()}]);`
  // The path is relative because esbuild resolves no absolute path with a star.
  const own = JSON.stringify(`./${basename(path)}`)
  return `${source}\nimport * as __lbuildSelf from ${own};${register}, __lbuildSelf, () => [${values.join()}]);`
}

/** A script that exports a JSON document and registers it; undefined if the document is invalid. */
export function registeredJson(label: string, source: string): string | undefined {
  try {
    JSON.parse(source)
  } catch {
    // esbuild reports the place of the error.
    return undefined
  }
  // In a script, this key would set the prototype.
  const value = source.includes('__proto__') ? `JSON.parse(${JSON.stringify(source)})` : `(${source})`
  return `module.exports = ${value};(${REGISTRY} ??= new Map()).set(${JSON.stringify(label)}, { default: module.exports });`
}

/** The names of all variables at the top level of a module, and others. */
function namesOfVariables(source: string): readonly string[] {
  const declared = [...source.matchAll(DECLARATION)].map(([, name = '']) => name)
  const unpacked = namesIn(source.matchAll(PATTERN))
  const further = [...source.matchAll(FURTHER)].map(([, name = '']) => name)
  // Reading a global may make Node.js load what it stands for.
  const own = [...declared, ...[...unpacked, ...further].filter((name) => !(name in globalThis))]
  // The name of an imported type has no value, and an imported value has a module of its own.
  const imported = new Set(namesIn(source.matchAll(IMPORT)))
  return [...new Set(own)].filter((name) => !RESERVED.has(name) && !imported.has(name))
}

const namesIn = (matches: Iterable<RegExpMatchArray>): readonly string[] =>
  [...matches].flatMap(([, names = '']) => names.match(NAME) ?? [])
