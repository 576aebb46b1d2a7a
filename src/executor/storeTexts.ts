// Stores the texts that a run saw, so that a later change can be shown line by line.
import { toRawPath } from '../platform/rawPath.ts'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import { isLibrary } from '../config/moduleLabels.ts'
import { pathOfLabel } from '../config/sourceFiles.ts'
import { isFile, listingIfThere, parseListing } from '../fingerprint/tree.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import { inputPath } from '../graph/inputPath.ts'
import { treeId } from '../graph/treeId.ts'
import { textAt, writeSourceTexts } from '../store/sourceTexts.ts'
import type { SessionContext } from './sessionContext.ts'
import { lockfileSnapshot } from '../workspace/snapshot.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'

/** The total size of the texts of one record, in bytes. */
const MAX_BYTES = 2 * 1024 * 1024
/** The maximum number of texts of one record; the rest of a larger tree is omitted. */
const MAX_TEXTS = 2_000

/**
 * Stores the texts among the inputs, the code and the lockfiles of a run as one object. Resolves with its digest, or
 * undefined if there are no texts. Reads inputs from their copies in the work directory, because only these were
 * checked against the key, and compares code with its digest.
 */
export async function commitTexts(
  { workspace, snapshot }: SessionContext,
  node: ArtifactNode,
  work: WorkDirectory,
): Promise<Digest | undefined> {
  const { disk, objects, graph, locations, configFiles } = workspace
  const texts = new Map<Digest, string>()
  let left = MAX_BYTES
  const add = (digest: Digest, text: string | undefined): void => {
    if (text === undefined || texts.has(digest)) return
    const size = Buffer.byteLength(text)
    if (size > left) return
    left -= size
    texts.set(digest, text)
  }
  for (const label of node.modules)
    if (!isLibrary(label)) {
      const text = textAt(disk, toRawPath(pathOfLabel(configFiles, label, locations.root)))
      if (text !== undefined && sha256(text) === graph.modules[label]) add(sha256(text), text)
    }
  for (const [name, input] of Object.entries(node.inputs)) {
    const copy = toRawPath(`${work.path}/inputs/${inputPath(graph, name, input)}`)
    if (input.kind === 'file') {
      const text = textAt(disk, copy)
      if (text !== undefined) add(sha256(text), text)
    } else if (input.kind === 'tree') {
      const listing = await listingIfThere(snapshot.trees.get(treeId(input)))
      const items = listing === undefined ? [] : parseListing(listing)
      for (const [path, , digest] of items.filter(isFile))
        if (texts.size >= MAX_TEXTS) break
        else add(digest, textAt(disk, `${copy}/${path}`))
    } else if (input.kind === 'downloads') {
      const lockfile = lockfileSnapshot(snapshot, input.lockfile)
      if (lockfile.state.state === 'ready')
        add(lockfile.state.digest, JSON.stringify(lockfile.content?.files))
      for (const part of lockfile.requestParts) {
        const text =
          part.kind === 'file' ? textAt(disk, toRawPath(`${locations.root}/${part.path}`)) : undefined
        if (text !== undefined) add(sha256(text), text)
      }
    }
  }
  return texts.size > 0 ? writeSourceTexts(objects, texts) : undefined
}
