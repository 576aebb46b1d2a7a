// Determines the paths at which producers see their inputs.
import type { Input } from '../api/inputs.ts'
import type { Graph } from './graph.ts'

/** The last component of a path. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

/**
 * The path of an input below the directory of all inputs. A tree and downloads are directories with the name of the input.
 * A file and an output keep their base name, which tools such as compilers depend on, in such a directory.
 */
export function inputPath({ artifacts }: Pick<Graph, 'artifacts'>, name: string, input: Input): string {
  if (input.kind === 'tree' || input.kind === 'downloads') return name
  if (input.kind === 'file') return `${name}/${baseName(input.path)}`
  const source = artifacts.find((node) => node.name === input.artifact)
  return `${name}/${baseName(source?.outputs[input.output]?.path ?? input.output)}`
}
