import { toBytes } from '../platform/bytes.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import { isLibrary } from '../config/labels.ts'
import { pathOfLabel } from '../config/sourceFiles.ts'
import { isFile, listingIfThere, parseListing } from '../fingerprint/tree.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { textAt, writeTexts } from '../store/texts.ts'
import type { RunContext } from './context.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'

/** All texts of one record together are not larger, in bytes. */
const ALL = 2 * 1024 * 1024
/** Of a tree of more files the first so many are kept. */
const MOST = 2_000

/**
 * Keeps the texts that a run saw, its inputs, its code and what its lockfiles name, so that a later change can be told line
 * by line when the former content is nowhere else. Gives the object, or undefined where there is no text. The inputs are
 * read where they were laid out, checked against the key.
 */
export async function commitTexts(
  { workspace, snapshot }: RunContext,
  node: ArtifactNode,
  work: WorkDirectory,
): Promise<Digest | undefined> {
  const { disk, objects, graph, locations, files } = workspace
  const texts = new Map<Digest, string>()
  let left = ALL
  const keep = (digest: Digest, text: string | undefined): void => {
    if (text === undefined || texts.has(digest)) return
    const size = Buffer.byteLength(text)
    if (size > left) return
    left -= size
    texts.set(digest, text)
  }
  for (const label of node.modules)
    if (!isLibrary(label)) {
      const text = textAt(disk, toBytes(pathOfLabel(files, label, locations.root)))
      if (text !== undefined && sha256(text) === graph.modules[label]) keep(sha256(text), text)
    }
  for (const [name, input] of Object.entries(node.inputs)) {
    const laid = toBytes(`${work.path}/inputs/${name}`)
    if (input.kind === 'file') {
      const text = textAt(disk, laid)
      if (text !== undefined) keep(sha256(text), text)
    } else if (input.kind === 'tree') {
      const listing = await listingIfThere(snapshot.trees.get(input.path))
      const items = listing === undefined ? [] : parseListing(listing)
      for (const [path, , digest] of items.filter(isFile))
        if (texts.size >= MOST) break
        else keep(digest, textAt(disk, `${laid}/${path}`))
    } else if (input.kind === 'downloads') {
      const lock = lockfileSnapshot(snapshot, input.lock)
      if (lock.state.state === 'ready') keep(lock.state.digest, JSON.stringify(lock.content!.files))
      for (const part of lock.requestParts) {
        const text =
          part.kind === 'file' ? textAt(disk, toBytes(`${locations.root}/${part.path}`)) : undefined
        if (text !== undefined) keep(sha256(text), text)
      }
    }
  }
  return texts.size > 0 ? writeTexts(objects, texts) : undefined
}
