// A distro of two artifacts for tests of the store, and the space that it takes there.
import { expect } from 'vitest'
import { textsObject } from './damage.ts'
import { templateOf } from './templates.ts'
import type { TestWorkspace } from './workspace.ts'

/** A distro of two artifacts, one made of the other, both copies of a note. */
export const NOTES = {
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { base, image } from './artifacts.ts'
export default defineConfig({ artifacts: [base, image] })
`,
  'artifacts.ts': `import { artifact, file } from 'lbuild'
import { copyFileSync, truncateSync } from 'node:fs'
export const base = artifact('base', {
  inputs: { note: file('note.txt') }, outputs: { base: { internal: 'base' } },
  produce({ inputs, outputs }) { copyFileSync(inputs.note, outputs.base) },
})
export const image = artifact('image', {
  inputs: { base: base.output('base') }, outputs: { image: 'image.img' },
  produce({ inputs, outputs }) { copyFileSync(inputs.base, outputs.image) },
})
`,
}

/** A workspace in which `image` was built from each of some notes in turn. */
export async function builtOf(...notes: readonly string[]): Promise<TestWorkspace> {
  return (await templateOfNotes(notes)).copy()
}

/** Workspaces whose first notes are the same share the builds of those. */
function templateOfNotes(notes: readonly string[]): Promise<TestWorkspace> {
  return templateOf(`notes-${notes.join('-')}`, async (workspace) => {
    const [last] = notes.slice(-1)
    if (last === undefined) return workspace.writeAll(NOTES)
    const before = await templateOfNotes(notes.slice(0, -1))
    before.copyTo(workspace)
    await build(workspace, last)
  })
}

/** Builds `image` from a note. */
export function build(workspace: TestWorkspace, note: string): ReturnType<TestWorkspace['build']> {
  workspace.write('note.txt', note.padEnd(NOTE))
  return workspace.build('image')
}

/** The size of an output, which is a note, in bytes. */
export const NOTE = 100

/**
 * The sizes of the texts of the latest builds, in bytes. Those of `base` have the note and the code and differ only in
 * the note, so they all have the same size. Those of `image` have only the code and never change.
 */
export const textSizes = (workspace: TestWorkspace): { base: number; image: number } => ({
  base: workspace.bytes(textsObject(workspace, 'base')).length,
  image: workspace.bytes(textsObject(workspace, 'image')).length,
})

/** The size of a store with a number of builds of different notes. */
export function storeSize(workspace: TestWorkspace, builds: number): number {
  const { base, image } = textSizes(workspace)
  return builds * (NOTE + base) + image
}

/** What `lbuild gc --json` prints. */
export interface GcDocument {
  readonly dryRun: boolean
  readonly limits: { readonly keep: number; readonly maxSize: number }
  readonly records: readonly { artifact: string }[]
  readonly objects: number
  readonly bytes: number
  readonly retained: { records: number; objects: number; bytes: number }
}

/** Runs `lbuild gc --json`; gives its document. */
export async function gc(workspace: TestWorkspace, ...args: readonly string[]): Promise<GcDocument> {
  const { code, stdout, stderr } = await workspace.lbuild('gc', '--json', ...args)
  expect([code, stderr]).toEqual([0, ''])
  return JSON.parse(stdout) as GcDocument
}

/** The objects of a store, by their paths in it. */
export const objectFiles = (workspace: TestWorkspace): string[] =>
  Object.keys(workspace.state('cache/objects')).filter((name) => /^..\/[0-9a-f]{62}$/.test(name))
