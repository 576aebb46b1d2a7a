// Renders a failure as text for a terminal or a log.
import { styleText } from 'node:util'
import type { Failure } from './failure.ts'

/**
 * Renders a failure without a final newline: the headline, the tail, the facts with aligned values, the hint. The second
 * and later lines of a value are indented to the value's column.
 */
export function renderFailure(failure: Failure, color: boolean): string {
  const paint = (style: Parameters<typeof styleText>[0], text: string): string =>
    color ? styleText(style, text, { validateStream: false }) : text

  const lines = [`${paint(['bold', 'red'], 'error:')} ${failure.headline}`]
  if (failure.tail !== undefined && failure.tail.trim() !== '') {
    for (const line of failure.tail.replace(/\s+$/, '').split('\n'))
      lines.push(`  ${paint('dim', '|')} ${line}`)
  }
  const width = Math.max(0, ...failure.facts.map(([name]) => name.length))
  for (const [name, value] of failure.facts) {
    const label = paint('dim', `${name}:`) + ' '.repeat(width - name.length)
    lines.push(`  ${label} ${value.split('\n').join(`\n${' '.repeat(width + 4)}`)}`)
  }
  if (failure.hint !== undefined) lines.push(`  ${paint('cyan', 'hint:')} ${failure.hint}`)
  return lines.join('\n')
}
