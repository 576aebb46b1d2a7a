// Finds the files of a store and damages them.
import * as fs from 'node:fs'
import { digestIn } from '../../src/planner/part.ts'
import type { Part } from '../../src/planner/domain.ts'
import type { TestWorkspace } from './workspace.ts'

/** A record on the disk. */
export interface Recorded {
  readonly key: string
  readonly parts: readonly Part[]
  readonly outputs: Readonly<Record<string, { sha256: string; size: number }>>
  readonly sourceTexts?: string
}

/** The latest record of an artifact. */
export function record(workspace: TestWorkspace, artifact: string): Recorded {
  const read = (name: string): unknown =>
    JSON.parse(workspace.read(`cache/records/${artifact}/${name}.json`).split('\n')[1]!)
  return read((read('latest') as Recorded).key) as Recorded
}

/** The digest of the listing that a part names. */
export const listingIn = (part: Part): string | undefined =>
  part.kind === 'tree' || part.kind === 'tool' ? digestIn(part) : undefined

/** The path of an object. */
export const objectPath = (digest: string): string => `cache/objects/${digest.slice(0, 2)}/${digest.slice(2)}`

/** The path of the object of an artifact's only output. */
export const outputObject = (workspace: TestWorkspace, artifact: string): string =>
  objectPath(Object.values(record(workspace, artifact).outputs)[0]!.sha256)

/** The path of the listing of `src/`. */
export const listing = (workspace: TestWorkspace): string =>
  objectPath(
    record(workspace, 'names')
      .parts.map(listingIn)
      .find((digest) => digest !== undefined)!,
  )

/** The path of the listing of the tool of `packed`. */
export const toolListing = (workspace: TestWorkspace): string =>
  objectPath(digestIn(record(workspace, 'packed').parts.find(({ kind }) => kind === 'tool')!)!)

/** The path of the texts that the latest run of an artifact read. */
export const textsObject = (workspace: TestWorkspace, artifact: string): string =>
  objectPath(record(workspace, artifact).sourceTexts!)

/** Inverts one byte of a file. */
export function flip(workspace: TestWorkspace, path: string, at: number): void {
  const content = workspace.bytes(path)
  content[at]! ^= 0xff
  fs.chmodSync(workspace.path(path), 0o644)
  workspace.write(path, content)
}
