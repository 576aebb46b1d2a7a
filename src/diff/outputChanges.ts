// Describes what differs between two versions of an output: contents of images, lines of texts, or bytes.
import { mkdirSync, mkdtempSync } from 'node:fs'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import type { Disk } from '../platform/disk.ts'
import { errorCode } from '../platform/disk.ts'
import { textAt } from '../store/sourceTexts.ts'
import { byteDifference } from './byteDifference.ts'
import type { ContentChange } from './contentChanges.ts'
import { contentChanges, describeContentChange } from './contentChanges.ts'
import type { ContentReader, Contents, ContentTools } from './imageContents.ts'
import { imageContents } from './imageContents.ts'
import { sandboxedTools } from './readOnlySandbox.ts'
import { unifiedDiff } from './textDiff.ts'

/** Outputs that are text are compared line by line up to this size in bytes, because a kernel's config has 260 KB. */
const LARGEST_TEXT = 1024 * 1024

/**
 * Describes what differs inside two versions of an output, in lines: what an image contains, also in images within it;
 * lines of a text; and the first bytes that differ if lbuild does not know the format or finds no difference in it.
 */
export async function outputChanges(
  disk: Disk,
  cache: string,
  readers: readonly ContentReader[],
  before: RawPath,
  now: RawPath,
): Promise<readonly string[]> {
  const scratch = makeScratch(cache)
  const tools = { disk, run: sandboxedTools(scratch), readers }
  try {
    const [oldScratch, currentScratch] = [`${scratch}/before`, `${scratch}/now`]
    for (const directory of [oldScratch, currentScratch]) mkdirSync(directory)
    const old = await imageContents(tools, fromRawPath(before), oldScratch)
    const current = await imageContents(tools, fromRawPath(now), currentScratch)
    const changes = old && current ? contentChanges(old, current) : []
    const lines: string[] = []
    for (const change of changes) lines.push(...(await changeLines(tools, scratch, change)))
    if (lines.length > 0) return lines
  } finally {
    // Unpacked files may belong to users that only the sandbox may remove.
    await tools.run('rm', ['-rf', `${scratch}/before`, `${scratch}/now`])
    disk.removeTree(toRawPath(scratch))
  }
  return textOrByteChanges(disk, before, now)
}

function textOrByteChanges(disk: Disk, before: RawPath, now: RawPath): readonly string[] {
  const difference = byteDifference(disk, before, now)
  if (!difference) return []
  const [old, current] = [textAt(disk, before, LARGEST_TEXT), textAt(disk, now, LARGEST_TEXT)]
  // Remove the two header lines of the diff: both would say `output`.
  if (old !== undefined && current !== undefined)
    return unifiedDiff('output', old, current).split('\n').slice(2)
  const { offset, length, sizes } = difference
  return [`${length} bytes from byte ${offset} on (of ${sizes[0]} and ${sizes[1]})`]
}

/** Describes one change inside an image. If it is a file that is an image itself, describes what differs in that. */
async function changeLines(
  tools: ContentTools,
  scratch: string,
  change: ContentChange,
): Promise<readonly string[]> {
  const line = describeContentChange(change)
  const [oldPath, currentPath] = [change.before?.unpackedAt, change.now?.unpackedAt]
  if (oldPath === undefined || currentPath === undefined) return [line]
  const inside = async (path: string, side: 'before' | 'now'): Promise<Contents | undefined> =>
    imageContents(tools, path, mkdtempSync(`${scratch}/${side}/in-`)).catch(undefinedIfForbidden)
  const old = await inside(oldPath, 'before')
  const current = old && (await inside(currentPath, 'now'))
  if (!old || !current) return [line]
  const inner = contentChanges(old, current).map(describeContentChange)
  const name = line.slice(0, line.indexOf(': '))
  return inner.length === 0 ? [line] : inner.map((one) => `${name}:${one}`)
}

/** Only root can read some files of an image; other users see no difference inside them. */
function undefinedIfForbidden(error: unknown): undefined {
  if (errorCode(error) !== 'EACCES') throw error
}

/** Makes a directory for this process below the work directories. The next build removes what a killed process leaves. */
function makeScratch(cache: string): string {
  const scratch = `${cache}/work/why.${process.pid}`
  mkdirSync(scratch, { recursive: true })
  return scratch
}
