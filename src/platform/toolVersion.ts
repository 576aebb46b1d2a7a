// Versions of tools.
import { spawn } from 'node:child_process'

/** How long a tool may take to print its version, in milliseconds. */
const LIMIT = 1000
/** Numbers joined by dots, outside a word: `1.47.0`, `7.2`. */
const DOTTED = /(?<![\w.-])v?(\d+(?:\.\d+)+)/

/**
 * The version of a tool: the first dotted number that `--version`, or else `-V`, prints on either stream, whatever the
 * exit code (mke2fs has only `-V`, and prints it on stderr). Undefined if there is none or the tool cannot run.
 * `before` is a command prefix, such as a sandbox.
 */
export async function toolVersion(path: string, before: readonly string[] = []): Promise<string | undefined> {
  const output = (flag: string): Promise<string> => outputOf([...before, path, flag])
  return dotted(await output('--version')) ?? dotted(await output('-V'))
}

const dotted = (text: string): string | undefined => DOTTED.exec(text)?.[1]

async function outputOf([program = '', ...words]: readonly string[]): Promise<string> {
  return new Promise((resolve) => {
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' }
    const child = spawn(program, words, { stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT, env })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (text) => (stdout += String(text)))
    child.stderr.on('data', (text) => (stderr += String(text)))
    child.once('error', () => resolve(''))
    child.once('close', () => resolve(`${stdout}\n${stderr}`))
  })
}

/**
 * Compares two versions number by number: negative if `a` is older, positive if it is newer, 0 if they are equal. A
 * missing number counts as 0; anything after the dotted numbers is ignored.
 */
export function compareVersions(a: string, b: string): number {
  const left = numbers(a)
  const right = numbers(b)
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

const numbers = (version: string): number[] => (/^[\d.]*/.exec(version)?.[0] ?? '').split('.').map(Number)
