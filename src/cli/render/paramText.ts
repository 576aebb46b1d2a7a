// Renders the values of params as a user writes them.
import type { Json, Param } from '../../api/params.ts'
import { formatSize } from '../../api/params.ts'
import { printable } from '../../platform/printable.ts'

/** The longest value that a table or a help shows in full, in characters. */
const LONGEST = 40

/** A value of a param as a user writes it; a long one is cut. */
export function valueText({ type }: Pick<Param, 'type'>, value: Json): string {
  const text = printable(fullText(type, value))
  if (text.length <= LONGEST) return text
  return Array.isArray(value) ? `a list of ${value.length}` : `${text.slice(0, LONGEST - 1)}…`
}

function fullText(type: Param['type'], value: Json): string {
  if (type === 'size' && typeof value === 'number') return formatSize(value)
  return typeof value === 'string' && value !== '' ? value : JSON.stringify(value)
}

/** The values that a param may have: its choices, or its type. */
export const typeText = ({ type, choices }: Param): string =>
  type === 'data' ? 'json' : (choices?.map(printable).join('|') ?? type)
