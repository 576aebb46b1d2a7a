// Compares the contents of two images, and describes each difference in a line.
import { byBytes, display, toRawPath } from '../platform/rawPath.ts'
import type { Content, Contents } from './imageContents.ts'

/** One thing that differs between two images; a side that lacks it is absent. */
export interface ContentChange {
  readonly name: string
  readonly before?: Content
  readonly now?: Content
}

/** Finds everything that differs between two images: first packages and tables, then files, each by name. Pure. */
export function contentChanges(before: Contents, now: Contents): readonly ContentChange[] {
  const changes: ContentChange[] = []
  for (const [name, content] of now) {
    const old = before.get(name)
    if (old && comparable(old) === comparable(content)) continue
    changes.push(old ? { name, before: old, now: content } : { name, now: content })
  }
  for (const [name, content] of before) if (!now.has(name)) changes.push({ name, before: content })
  const isPath = ({ name }: ContentChange): boolean => /^\/|:\//.test(name)
  return changes.sort((a, b) => Number(isPath(a)) - Number(isPath(b)) || byBytes(a.name, b.name))
}

const comparable = (content: Content): string => JSON.stringify({ ...content, unpackedAt: undefined })

/** Describes one change in a line: `/etc/motd: content (25 → 48 bytes)`, `package bash: 5.2 → 5.3`. */
export function describeContentChange({ name: raw, before, now }: ContentChange): string {
  // Names come from an image that is not trusted: control characters must not reach the terminal.
  const name = display(toRawPath(raw))
  if (!before) return `${name}: added${now ? versionSuffix(now) : ''}`
  if (!now) return `${name}: removed${versionSuffix(before)}`
  if (before.type !== now.type) return `${name}: ${before.type} → ${now.type}`
  if (before.type !== 'file' && before.content !== now.content)
    return `${name}: ${shownContent(before)} → ${shownContent(now)}`
  const aspects = [
    ...(before.content === now.content ? [] : [`content (${before.size} → ${now.size} bytes)`]),
    ...(before.mode === now.mode ? [] : [`mode ${before.mode} → ${now.mode}`]),
    ...(before.owner === now.owner ? [] : [`owner ${before.owner} → ${now.owner}`]),
  ]
  return `${name}: ${aspects.join(', ')}`
}

const versionSuffix = (content: Content): string =>
  content.type === 'package' ? ` (${shownContent(content)})` : ''

const shownContent = ({ content = '' }: Content): string => display(toRawPath(content))
