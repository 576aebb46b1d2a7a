// Makes the stack of a producer readable.
import { posix } from 'node:path'
import type { Locations } from '../config/locations.ts'
import type { SourceFile } from '../config/sourceFiles.ts'
import { fromBytes } from '../platform/bytes.ts'
import { INSIDE } from './bubblewrap.ts'

/** A frame of a V8 stack (v8.dev/docs/stack-trace-api): the text before the path, the path, line and column. */
const FRAME = /^(\s+at .*?)((?:file:\/\/)?\/[^\n]*?)(:\d+:\d+\)?)$/

/**
 * The stack of a producer with the distro's modules under their labels in the graph. The source map of the bundle holds
 * paths relative to the bundle's directory, so in the sandbox a module appears where such a path leads from there. Other
 * lines stay unchanged.
 */
export function readableStack(text: string, files: readonly SourceFile[], { cache }: Locations): string {
  const labels = new Map<string, string>()
  for (const [bytes, , label] of files) {
    if (label === undefined) continue
    const path = fromBytes(bytes)
    const seen = posix.join(INSIDE.lbuild, posix.relative(`${cache}/config`, path))
    for (const known of [path, seen]) labels.set(known, label)
  }
  const readable = (line: string): string => {
    const [, before, path, position] = FRAME.exec(line) ?? []
    const label = path === undefined ? undefined : labels.get(path.replace(/^file:\/\//, ''))
    return label === undefined ? line : `${before}${label}${position}`
  }
  return text.split('\n').map(readable).join('\n')
}
