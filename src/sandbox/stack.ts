import { posix } from 'node:path'
import type { Locations } from '../config/locations.ts'
import type { SourceFile } from '../config/sourceFiles.ts'
import { fromBytes } from '../platform/bytes.ts'
import { INSIDE } from './bubblewrap.ts'

/** A frame of a stack that V8 wrote (v8.dev/docs/stack-trace-api): what is before the path, the path, line and column. */
const FRAME = /^(\s+at .*?)((?:file:\/\/)?\/[^\n]*?)(:\d+:\d+\)?)$/

/**
 * A stack of a producer as people can follow it: the modules of the distro's code are called as in the graph, from the
 * root of the workspace. The map inside the bundle has paths from the bundle's own directory, so that in the sandbox a
 * module believes that it is where that leads from there. Other lines are given back as they are.
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
