// Renders a failure as text for a terminal or a log.
import { styleText } from 'node:util'
import type { Failure } from './failure.ts'
import { printable, printableLines } from './printable.ts'

/**
 * Renders a failure without a final newline: the headline, the tail, the facts with aligned values, the hint. The second
 * and later lines of a value are indented to the value's column. Control characters are removed, because producers and
 * tools wrote some of the text.
 */
export function renderFailure(failure: Failure, color: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text

  const lines = [`${paint(['bold', 'red'], 'error:')} ${printableLines(failure.headline).join('\n')}`]
  if (failure.tail !== undefined && failure.tail.trim() !== '') {
    for (const line of printableLines(failure.tail.trimEnd())) lines.push(`  ${paint('dim', '|')} ${line}`)
  }
  const width = Math.max(0, ...failure.facts.map(([name]) => name.length))
  for (const [name, value] of failure.facts) {
    const label = paint('dim', `${printable(name)}:`) + ' '.repeat(width - name.length)
    lines.push(`  ${label} ${printableLines(value).join(`\n${' '.repeat(width + 4)}`)}`)
  }
  if (failure.hint !== undefined)
    lines.push(`  ${paint('cyan', 'hint:')} ${printableLines(failure.hint).join('\n')}`)
  return lines.join('\n')
}
