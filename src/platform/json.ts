// JSON in a canonical form, and a check of parsed JSON.
import { byBytes } from './rawPath.ts'

/** JSON with the members of every object sorted by name: equal values give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => byBytes(a, b))) : member,
  )
}

/** Whether a value is an object that is neither null nor an array. */
export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a value is an object whose members all pass a check. */
export const isRecordOf = (value: unknown, check: (member: unknown) => boolean): boolean =>
  isObject(value) && Object.values(value).every(check)
