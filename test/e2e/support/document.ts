// What a page of docs/ tells its reader to do: write files, run commands, and compare what these print.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { HOME } from './distro.ts'

/** One thing that the reader does. */
export type Step =
  | { readonly kind: 'file'; readonly path: string; readonly text: string }
  | { readonly kind: 'patch'; readonly text: string }
  /** `output` is what the page shows below the command; undefined if it shows only the command. */
  | { readonly kind: 'command'; readonly command: string; readonly output: string | undefined }
  /** What the program that still runs shows now. */
  | { readonly kind: 'screen'; readonly output: string }

/** A fenced block, with the path that the paragraph above it names if that tells the reader to save it. */
const BLOCK = /(?:^Save (?:(?!\n\n)[^])*? as `([^`]+)`:\n\n)?^```(\w+)\n([^]*?)^```$/gm

/** The steps of a page, or of its section with a heading, in their order. */
export function stepsOf(page: string, heading?: string): readonly Step[] {
  const text = readFileSync(join(HOME, 'docs', page), 'utf8')
  const section = heading === undefined ? text : sectionOf(text, heading)
  return [...section.matchAll(BLOCK)].flatMap(([, path, language = '', content = '']) =>
    path === undefined ? commandsOf(language, content) : [{ kind: 'file', path, text: content }],
  )
}

function sectionOf(text: string, heading: string): string {
  const [, rest] = `\n${text}`.split(`\n## ${heading}\n`)
  if (rest === undefined) throw new Error(`no section '${heading}'`)
  return rest.split('\n## ')[0] ?? ''
}

function commandsOf(language: string, content: string): readonly Step[] {
  switch (language) {
    case 'sh':
      return content
        .trimEnd()
        .split('\n')
        .map((command) => ({ kind: 'command', command, output: undefined }))
    case 'console':
      return content
        .split(/^\$ /m)
        .slice(1)
        .map((step) => {
          const [command = '', ...lines] = step.trimEnd().split('\n')
          return { kind: 'command', command, output: lines.join('\n') }
        })
    case 'diff':
      return [{ kind: 'patch', text: content }]
    case 'text':
      return [{ kind: 'screen', output: content.trimEnd() }]
    default:
      throw new Error(`a block '${language}' is neither a command nor a file that the reader saves`)
  }
}

/** What differs between two builds: ids, ages, durations, and the sizes of downloads. */
const VARIABLE: readonly (readonly [RegExp, string])[] = [
  [/\b\d{8}-\d{6}-[0-9a-z-]+/g, 'BUILD'],
  [/\bjust now\b|\b\d+ (s|min) ago\b/g, 'AGO'],
  [/, saved (\d+ min )?[\d.]+ s\b/g, ''],
  [/\b(\d+ min )?\d+(\.\d+)? s\b/g, 'TIME'],
  [/\b\d+(\.\d+)? MiB\b/g, 'SIZE'],
]

/** A text in which what differs between two builds is replaced. */
export const normalized = (text: string): string =>
  VARIABLE.reduce((result, [pattern, name]) => result.replaceAll(pattern, name), text)

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** A pattern for what a page shows: `…` stands for any text in a line; alone in a line, for any lines. */
export const patternOf = (shown: string): string =>
  normalized(shown)
    .split('\n')
    .map((line) => (line === '…' ? '[^]*' : line.split('…').map(escaped).join('.*')))
    .join('\n')
