// Tests the lines of a build on a terminal, as the terminal shows them.
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { describe, expect, it, onTestFinished } from 'vitest'
import { progressOn } from '../../src/cli/render/progress.ts'
import type { BuildEvent } from '../../src/events/events.ts'

/** A terminal that knows the sequences of live lines, and the progress that it shows. */
function terminal(rows = 24, env: Readonly<Record<string, string>> = {}) {
  const before = { ...process.env }
  onTestFinished(() => void (process.env = before))
  process.env = { TERM: 'xterm', ...env }
  const output = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 80, rows })
  const progress = progressOn(output as unknown as NodeJS.WriteStream, 'normal')
  onTestFinished(() => progress.close())
  const lines = ['']
  let [row, column] = [0, 0]
  const show = (text: string): void => {
    for (const [part, up, clear] of text.matchAll(
      // oxlint-disable-next-line no-control-regex -- these are the sequences of a terminal
      /\u001b\[(\d+)A|(\u001b\[0J)|\u001b\[[^a-zA-Z]*[a-zA-Z]|[^]/g,
    ))
      if (up !== undefined) row = Math.max(0, row - Number(up))
      else if (clear !== undefined) lines.splice(row, lines.length, lines[row]!.slice(0, column))
      else if (part === '\r') column = 0
      else if (part === '\n') {
        ;[row, column] = [row + 1, 0]
        lines[row] ??= ''
      } else if (part.length === 1) {
        const line = lines[row]!
        lines[row] = line.slice(0, column).padEnd(column) + part + line.slice(column + 1)
        column += 1
      }
  }
  return {
    progress,
    echo: (keys: string) => output.write(keys),
    lines: (): readonly string[] => {
      show(String(output.read() ?? ''))
      return lines.map((line) => stripVTControlCharacters(line).trimEnd())
    },
  }
}

const running = (artifact: string): BuildEvent => ({ type: 'running', artifact, reasons: [] })

describe('a line of a build on a terminal', () => {
  it('starts at the left edge although the terminal has echoed ^C, which it removes', () => {
    const { progress, echo, lines } = terminal()
    progress.listener(running('kernel'))
    echo('^C')
    progress.sayInterrupted('interrupted after 3.2 s')
    progress.close()
    expect(lines()).toEqual(['interrupted after 3.2 s', ''])
  })

  it('starts at the left edge if nothing runs', () => {
    const { progress, echo, lines } = terminal()
    echo('xyz')
    progress.say('waiting')
    expect(lines()).toEqual(['waiting', ''])
  })

  it('starts a new line after an echoed ^C if live lines are not used', () => {
    const { progress, echo, lines } = terminal(24, { CI: '1' })
    progress.listener(running('kernel'))
    echo('^C')
    progress.sayInterrupted('interrupted after 3.2 s')
    expect(lines().slice(1)).toEqual(['^C', 'interrupted after 3.2 s', ''])
  })

  it('stays whole while more producers run than the terminal has lines', () => {
    const { progress, lines } = terminal(4)
    for (const at of [1, 2, 3, 4, 5, 6]) progress.listener(running(`artifact-${at}`))
    progress.say('first')
    progress.say('second')
    expect(lines().slice(0, 2)).toEqual(['first', 'second'])
    expect(lines()).toHaveLength(2 + 3 + 1)
  })
})
