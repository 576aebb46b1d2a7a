// Finds out which programs the first line of a script starts.
import type { RawPath } from '../platform/rawPath.ts'
import { display } from '../platform/rawPath.ts'
import { Failure } from '../platform/failure.ts'

/** The interpreter of a script. */
export interface Interpreter {
  readonly path: RawPath
  /** What env(1) then starts, if it is the interpreter: a path, or a name that it looks up on the search path. */
  readonly started?: RawPath
}

/**
 * Parses the first line of the script `path` after its `#!` as the kernel does (execve(2), "Interpreter scripts"): the
 * interpreter, and everything after it as one argument. Undefined if the line names no interpreter. Throws a Failure (exit
 * code 2) if the script cannot run, and if lbuild cannot tell what it runs.
 */
export function parseShebang(path: RawPath, line: RawPath): Interpreter | undefined {
  const fail = (problem: string, hint: string): never => {
    throw new Failure(`the first line of the tool ${display(path)} ${problem}`, {
      facts: [['line', display(`#!${line}`)]],
      hint,
      exitCode: 2,
    })
  }
  if (line.endsWith('\r'))
    return fail('ends with a carriage return', `convert its line ends: sed -i 's/\\r$//' ${display(path)}`)
  const [, interpreter, argument] = /^[ \t]*([^ \t]+)[ \t]*(.*?)[ \t]*$/.exec(line) ?? []
  if (interpreter === undefined) return undefined
  if (!interpreter.startsWith('/'))
    return fail('names its interpreter by a relative path', 'write its absolute path, or #!/usr/bin/env NAME')
  if (!interpreter.endsWith('/env')) return { path: interpreter }
  const started = startedByEnv(argument ?? '')
  if (started === undefined || (started.includes('/') && !started.startsWith('/')))
    return fail(
      'leaves open which program env starts',
      'write #!/usr/bin/env NAME or #!/usr/bin/env -S NAME …',
    )
  return { path: interpreter, started }
}

/** The options of env(1) that set neither the search path nor the directory: of -S itself, and after it. */
const SPLIT = /^(?:-v*S|--split-string[= ])(.*)$/
const HARMLESS = /^(?:-v|--debug|--)$/
const ASSIGNMENT = /^(?!PATH=)[^=]+=/

/** What env(1) starts for its only argument; undefined if that depends on more than the search path. */
function startedByEnv(argument: RawPath): RawPath | undefined {
  const [, words] = SPLIT.exec(argument) ?? []
  if (words === undefined) return /^-|=|^$/.test(argument) ? undefined : argument
  const started = splitWords(words)?.find((word) => !HARMLESS.test(word) && !ASSIGNMENT.test(word))
  return started === undefined || /^-|[=$]|^$/.test(started) ? undefined : started
}

/** Splits a string as `env -S` does; undefined if it has escapes or comments. */
function splitWords(text: string): readonly string[] | undefined {
  const words = [...text.matchAll(/(?:[^\s'"\\#]|'[^'\\]*'|"[^"\\]*"|(?<=\S)#)+/g)].map(([word]) => word)
  const isWhole = text.replaceAll(/\s/g, '').length === words.join('').replaceAll(/\s/g, '').length
  return isWhole ? words.map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2')) : undefined
}
