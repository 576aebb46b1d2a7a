import { display, toBytes } from '../platform/bytes.ts'
import type { Content, Contents } from './contents.ts'

/** How one thing of an image differs from what it was. */
export interface ContentChange {
  readonly name: string
  readonly before?: Content
  readonly now?: Content
}

/** What two images do not have in common: packages first, then tables, then files, each by name. Pure. */
export function contentChanges(before: Contents, now: Contents): readonly ContentChange[] {
  const changes: ContentChange[] = []
  for (const [name, content] of now) {
    const old = before.get(name)
    if (old && textOf(old) === textOf(content)) continue
    changes.push(old ? { name, before: old, now: content } : { name, now: content })
  }
  for (const [name, content] of before) if (!now.has(name)) changes.push({ name, before: content })
  const rank = ({ name }: ContentChange): number =>
    name.startsWith('package ') ? 0 : /^\/|:\//.test(name) ? 2 : 1
  return changes.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

const textOf = (content: Content): string => JSON.stringify({ ...content, unpackedAt: undefined })

/** One change in a line: `/etc/motd: content (25 → 48 bytes)`, `package bash: 5.2 → 5.3`. */
export function describeContentChange({ name: raw, before, now }: ContentChange): string {
  // Whoever made an image must not move the cursor of who looks at it.
  const name = display(toBytes(raw))
  if (!before) return `${name}: added${now?.type === 'package' ? ` (${shown(now)})` : ''}`
  if (!now) return `${name}: removed${before.type === 'package' ? ` (${shown(before)})` : ''}`
  if (before.type !== now.type) return `${name}: ${before.type} → ${now.type}`
  if (before.type !== 'file' && before.content !== now.content)
    return `${name}: ${shown(before)} → ${shown(now)}`
  const aspects = [
    ...(before.content === now.content ? [] : [`content (${before.size} → ${now.size} bytes)`]),
    ...(before.mode === now.mode ? [] : [`mode ${before.mode} → ${now.mode}`]),
    ...(before.owner === now.owner ? [] : [`owner ${before.owner} → ${now.owner}`]),
  ]
  return `${name}: ${aspects.join(', ')}`
}

const shown = ({ content = '' }: Content): string => display(toBytes(content))
