import { mkdirSync, mkdtempSync } from 'node:fs'
import { fromBytes, toBytes } from '../platform/bytes.ts'
import type { Bytes } from '../platform/bytes.ts'
import type { Disk } from '../platform/disk.ts'
import { Failure } from '../platform/failure.ts'
import { SEARCH_PATH } from '../platform/findTool.ts'
import { errorCode } from '../platform/disk.ts'
import type { ContentRun, Contents } from './contents.ts'
import { contentsOf } from './contents.ts'
import type { ContentChange } from './contentChanges.ts'
import { contentChanges, describeContentChange } from './contentChanges.ts'
import { byteDifference } from './bytes.ts'
import { textAt } from '../store/texts.ts'
import { READ_ONLY } from '../explain/box.ts'
import { unifiedDiff } from './lines.ts'

/** An output that is a text is compared line by line up to this size, in bytes: a kernel's config has 260 KB. */
const LARGEST_TEXT = 1024 * 1024

/** What differs inside two versions of an output, in lines: packages, tables and files, or lines of a text; where the format is not known or nothing in it differs, the first bytes that do. */
export async function imageChanges(
  disk: Disk,
  cache: string,
  before: Bytes,
  now: Bytes,
): Promise<readonly string[]> {
  const scratch = emptyScratch(cache)
  const run = runIn(scratch)
  try {
    const [old, current] = [`${scratch}/before`, `${scratch}/now`]
    for (const directory of [old, current]) mkdirSync(directory)
    const [was, is] = [
      await contentsOf(run, fromBytes(before), old),
      await contentsOf(run, fromBytes(now), current),
    ]
    const changes = was && is ? contentChanges(was, is) : []
    const lines: string[] = []
    for (const change of changes) lines.push(...(await changeLines(run, scratch, change)))
    if (lines.length > 0) return lines
  } finally {
    await run('rm', ['-rf', `${scratch}/before`, `${scratch}/now`])
    disk.removeTree(toBytes(scratch))
  }
  const difference = byteDifference(disk, before, now)
  if (!difference) return []
  const { offset, length, sizes } = difference
  const [old, current] = [textAt(disk, before, LARGEST_TEXT), textAt(disk, now, LARGEST_TEXT)]
  if (old !== undefined && current !== undefined)
    return unifiedDiff('output', old, current).split('\n').slice(2)
  return [`${length} bytes from byte ${offset} on (of ${sizes[0]} and ${sizes[1]})`]
}

/** One change inside an image in lines: where it is a file that is an image itself, what differs in that. */
async function changeLines(
  run: ContentRun,
  scratch: string,
  change: ContentChange,
): Promise<readonly string[]> {
  const line = describeContentChange(change)
  const [old, current] = [change.before?.unpackedAt, change.now?.unpackedAt]
  if (old === undefined || current === undefined) return [line]
  const sides: Contents[] = []
  for (const [at, path] of [old, current].entries()) {
    const inside = mkdtempSync(`${scratch}/${['before', 'now'][at]}/in-`)
    const found = await contentsOf(run, path, inside).catch(unlessForbidden)
    if (!found) return [line]
    sides.push(found)
  }
  const inner = contentChanges(sides[0]!, sides[1]!).map(describeContentChange)
  const name = line.slice(0, line.indexOf(': '))
  return inner.length === 0 ? [line] : inner.map((one) => `${name}:${one}`)
}

/** What only the root of the image may read is not looked into by others. */
function unlessForbidden(error: unknown): undefined {
  if (errorCode(error) !== 'EACCES') throw error
}

/** A directory of this process below the work directory; what a killed one leaves goes with the next build. */
function emptyScratch(cache: string): string {
  mkdirSync(`${cache}/work`, { recursive: true })
  const scratch = `${cache}/work/why.${process.pid}`
  mkdirSync(scratch, { recursive: true })
  return scratch
}

/**
 * Runs tools that read images, which nobody vouches for: they see the host read-only, may write below one directory, and
 * have no network. Whoever is not root becomes so in a namespace, so that owners can be seen.
 */
function runIn(scratch: string): ContentRun & ((tool: 'rm', args: readonly string[]) => Promise<unknown>) {
  const asRoot = process.geteuid?.() === 0 ? [] : ['unshare', '--map-root-user', '--map-auto', '--']
  const locations = ['--bind', scratch, scratch, '--chdir', scratch, '--']
  return async (
    tool: string,
    args: readonly string[],
    options: { env?: Readonly<Record<string, string>> } = {},
  ) => {
    const { execa } = await import('execa')
    const [program, ...words] = [...asRoot, ...READ_ONLY, ...locations, tool, ...args]
    const { stdout, stderr, failed, shortMessage } = await execa(program!, words, {
      env: { PATH: SEARCH_PATH, LC_ALL: 'C.UTF-8', TZ: 'UTC', HOME: '/nonexistent', ...options.env },
      extendEnv: false,
      stdin: 'ignore',
      reject: false,
      stripFinalNewline: false,
    })
    if (!failed) return { stdout, stderr }
    throw new Failure(`what is inside cannot be shown: ${tool} failed`, {
      tail: stderr.trim() || (shortMessage ?? ''),
      hint: `if it is not there: lbuild doctor --install --with ${tool}`,
    })
  }
}
