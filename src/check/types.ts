// Type-checks a workspace with the TypeScript that is installed in it.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { Failure, lastLines } from '../platform/failure.ts'
import { isObject } from '../platform/json.ts'
import type { Finding } from './finding.ts'

/** A check by TypeScript. */
export interface TypeCheck {
  /** The version of TypeScript. */
  readonly version: string
  readonly findings: readonly Finding[]
}

/** Options that keep tsc from writing files. */
const READ_ONLY = ['--noEmit', '--incremental', 'false', '--composite', 'false', '--pretty', 'false']

/** Options for a workspace without a tsconfig.json: what lbuild itself accepts, checked strictly. A linked checkout has only sources. */
const DEFAULTS = (
  '--customConditions lbuild:source --strict --skipLibCheck --allowImportingTsExtensions --resolveJsonModule ' +
  '--target es2023 --module nodenext'
).split(' ')

/**
 * Type-checks a workspace as its tsconfig.json says, or strictly if it has none. Resolves with undefined if TypeScript is
 * not installed there. Throws a Failure if tsc fails without naming an error.
 */
export async function checkTypes(root: string, signal: AbortSignal): Promise<TypeCheck | undefined> {
  const installed = findTypeScript(root)
  if (!installed) return undefined
  const { version, tsc } = installed
  const { execa } = await import('execa')
  const hasProject = existsSync(join(root, 'tsconfig.json'))
  const args = hasProject ? ['-p', 'tsconfig.json'] : [...DEFAULTS, ...nodeTypes(root), 'build.config.ts']
  const { stdout, stderr, failed } = await execa(process.execPath, [tsc, ...args, ...READ_ONLY], {
    cwd: root,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
  })
  const findings = parseErrors(stdout)
  if (failed && findings.length === 0 && !signal.aborted)
    throw new Failure(`TypeScript ${version} failed`, {
      tail: lastLines(stderr.trim() === '' ? stdout : stderr),
      hint: 'correct tsconfig.json, or install another version of typescript',
    })
  return { version, findings }
}

interface InstalledTypeScript {
  readonly version: string
  /** The path of the program. */
  readonly tsc: string
}

function findTypeScript(root: string): InstalledTypeScript | undefined {
  const path = resolveIn(root, 'typescript/package.json')
  if (path === undefined) return undefined
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'))
  if (!isObject(manifest) || !isObject(manifest['bin'])) return undefined
  const { version, bin } = manifest
  const { tsc } = bin
  return typeof tsc === 'string' && typeof version === 'string'
    ? { version, tsc: join(dirname(path), tsc) }
    : undefined
}

/** TypeScript 6 loads the types of no package unless it is named. */
const nodeTypes = (root: string): readonly string[] =>
  resolveIn(root, '@types/node/package.json') === undefined ? [] : ['--types', 'node']

function resolveIn(root: string, specifier: string): string | undefined {
  try {
    return createRequire(join(root, 'build.config.ts')).resolve(specifier)
  } catch {
    return undefined
  }
}

/** An error as tsc prints it without colors: `FILE(LINE,COLUMN): error TS1234: TEXT`, or without a place. */
const ERROR = /^(?:(.+)\((\d+),(\d+)\): )?error (TS\d+): (.*)$/

/** Parses the errors that tsc printed. Indented lines continue the error before them. */
export function parseErrors(output: string): readonly Finding[] {
  const findings: Finding[] = []
  for (const text of output.split(/\r?\n/)) {
    const [matched, file, line, column, code, message] = ERROR.exec(text) ?? []
    const last = findings.at(-1)
    if (matched !== undefined)
      findings.push({
        kind: 'type',
        message: `${message} (${code})`,
        ...(file === undefined ? {} : { place: { file, line: Number(line), column: Number(column) } }),
      })
    else if (last && /^\s+\S/.test(text))
      findings[findings.length - 1] = { ...last, message: `${last.message}\n${text}` }
  }
  return findings
}
