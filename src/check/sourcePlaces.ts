// Maps places in the compiled config to places in the distro's sources.
import { SourceMap } from 'node:module'
import { posix } from 'node:path'
import type { SourceFile } from '../config/sourceFiles.ts'
import { fromRawPath } from '../platform/rawPath.ts'
import type { Place } from './finding.ts'
import type { PlaceOf } from './names.ts'

/** The source map that esbuild appends to a bundle (tc39.es/ecma426). */
const INLINE_MAP = /\/\/# sourceMappingURL=data:application\/json;base64,([A-Za-z0-9+/=]+)\s*$/

/**
 * Finds places in the sources of a bundle with an inline source map. `path` is the path of the bundle, and `files` names its
 * modules. A place is undefined if the bundle contains the function more than once, or if its module has no label.
 */
export function placesIn(bundle: string, path: string, files: readonly SourceFile[]): PlaceOf {
  const [, encoded] = INLINE_MAP.exec(bundle) ?? []
  if (encoded === undefined) return () => undefined
  const map = new SourceMap(JSON.parse(Buffer.from(encoded, 'base64').toString()))
  const labels = new Map(files.map(([file, , label]) => [fromRawPath(file), label]))
  return (text, offset): Place | undefined => {
    const at = bundle.indexOf(text)
    if (text === '' || at < 0 || bundle.includes(text, at + 1)) return undefined
    const lines = bundle.slice(0, at + offset).split('\n')
    const entry = map.findEntry(lines.length - 1, lines.at(-1)?.length ?? 0)
    if (!('originalSource' in entry)) return undefined
    const file = labels.get(posix.join(posix.dirname(path), entry.originalSource))
    return file === undefined
      ? undefined
      : { file, line: entry.originalLine + 1, column: entry.originalColumn + 1 }
  }
}
