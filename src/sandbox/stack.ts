// Makes the stack of a producer readable.
import { posix } from 'node:path'
import type { Locations } from '../config/locations.ts'
import type { SourceFile } from '../config/sourceFiles.ts'
import { fromRawPath } from '../platform/rawPath.ts'
import { INSIDE } from './bubblewrap.ts'

/** A frame of a V8 stack (v8.dev/docs/stack-trace-api): the text before the path, the path, line and column. */
const FRAME = /^(\s+at .*?)((?:file:\/\/)?\/[^\n]*?)(:\d+:\d+\)?)$/

/**
 * Returns the stack of a producer with the distro's modules under their labels in the graph. The source map of the bundle
 * contains paths relative to the bundle's directory. In the sandbox the bundle is in another directory, so V8 prints a
 * path that does not exist. This replaces both the real path and the wrong one. Other lines stay unchanged.
 */
export function readableStack(text: string, files: readonly SourceFile[], { cache }: Locations): string {
  const labels = new Map<string, string>()
  for (const [bytes, , label] of files) {
    if (label === undefined) continue
    const path = fromRawPath(bytes)
    const seen = posix.join(INSIDE.distro, posix.relative(`${cache}/config`, path))
    for (const known of [path, seen]) labels.set(known, label)
  }
  const readable = (line: string): string => {
    const [, before, path, position] = FRAME.exec(line) ?? []
    const label = path === undefined ? undefined : labels.get(path.replace(/^file:\/\//, ''))
    return label === undefined ? line : `${before}${label}${position}`
  }
  return text.split('\n').map(readable).join('\n')
}
