// Tests edits during a run: a warning names the edited path, and the next build equals a clean build.
import { chmodSync, lstatSync, readdirSync, utimesSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Meeting } from '../support/meeting.ts'
import { TestWorkspace } from '../support/workspace.ts'

/** A distro whose producer waits for the test before and after it reads its inputs. */
const FILES = {
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { image } from './artifacts/image.ts'
import { above } from './artifacts/above.ts'
export default defineConfig({ artifacts: [image, above], toolPath: ['tools'] })
`,
  'artifacts/image.ts': `import { readFileSync, writeFileSync } from 'node:fs'
import { artifact, file, tree } from 'lbuild'
import { WORD } from './word.ts'
export const image = artifact('image', {
  inputs: { note: file('note.txt'), src: tree('src') }, tools: ['meet', 'stamp'], outputs: { image: 'image' },
  async produce({ inputs, outputs, run }) {
    await run('meet', [])
    const { stdout } = await run('stamp', [])
    writeFileSync(outputs.image, [WORD, stdout, readFileSync(inputs.note), readFileSync(inputs.src + '/deep/file')].join(' '))
    await run('meet', [])
  },
})
`,
  'artifacts/word.ts': `export const WORD = 'word-1'\n`,
  'artifacts/above.ts': `import { copyFileSync } from 'node:fs'
import { artifact } from 'lbuild'
import { image } from './image.ts'
export const above = artifact('above', {
  inputs: { image: image.output('image') }, outputs: { above: 'above' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.image, outputs.above),
})
`,
  'note.txt': 'note-1',
  'src/deep/file': 'file-1',
  'src/other': 'other',
}
const STAMP = '#!/bin/sh\nprintf stamp-1\n'

function workspaceWith(contents: Readonly<Record<string, string>> = {}): TestWorkspace {
  const workspace = new TestWorkspace(FILES)
  workspace.write('tools/stamp', STAMP, 0o755)
  for (const [path, content] of Object.entries(contents)) workspace.write(path, content)
  return workspace
}

const known = new Map<string, string>()

/** The output of a clean build of these sources. */
async function cleanOutput(contents: Readonly<Record<string, string>>): Promise<string> {
  const key = JSON.stringify(contents)
  const before = known.get(key)
  if (before !== undefined) return before
  const clean = workspaceWith(contents)
  const { code } = await new Meeting(clean).toTheEnd(clean.start('above'))
  expect(code).toBe(0)
  known.set(key, clean.read('output/above'))
  return clean.read('output/above')
}

const edits: readonly (readonly [what: string, path: string, content: string])[] = [
  ['a file', 'note.txt', 'note-2'],
  ['a file in a tree', 'src/deep/file', 'file-2'],
  ['a tool of the workspace', 'tools/stamp', STAMP.replace('1', '2')],
  ['a module of the config', 'artifacts/word.ts', `export const WORD = 'word-2'\n`],
]

describe.each(edits)('%s that is edited during the run of its producer', (_, path, content) => {
  it('is reported, and the next build includes the edit', async () => {
    const workspace = workspaceWith()
    const meeting = new Meeting(workspace)
    const build = workspace.start('above')
    await meeting.arrived(build)
    workspace.write(path, content)
    await meeting.release()
    const { code, stderr } = await meeting.toTheEnd(build)
    expect(stderr).not.toContain('internal error')
    expect(stderr).toMatch(
      new RegExp(`warning: .*${path === 'src/deep/file' ? 'src' : path}.* changed during`),
    )
    expect(code).toBe(0)
    expect((await meeting.toTheEnd(workspace.start('above'))).code).toBe(0)
    expect(workspace.read('output/above')).toBe(await cleanOutput({ [path]: content }))
    // Reverting the edit restores the first output.
    workspace.write(path, path === 'tools/stamp' ? STAMP : FILES[path as keyof typeof FILES])
    expect((await meeting.toTheEnd(workspace.start('above'))).code).toBe(0)
    expect(workspace.read('output/above')).toBe(await cleanOutput({}))
  })

  it.each(['with new times', 'with the old times'])(
    'does not affect any output if the edit is reverted %s during the run',
    async (times) => {
      const workspace = workspaceWith()
      const meeting = new Meeting(workspace)
      const before = workspace.bytes(path)
      const { atime, mtime, mode } = lstatSync(workspace.path(path))
      const build = workspace.start('above')
      await meeting.arrived(build)
      workspace.write(path, content)
      await meeting.release()
      await meeting.arrived(build)
      workspace.write(path, before)
      chmodSync(workspace.path(path), mode)
      if (times === 'with the old times') utimesSync(workspace.path(path), atime, mtime)
      await meeting.release()
      const { code, stderr } = await meeting.toTheEnd(build)
      expect(stderr).not.toContain('internal error')
      expect(code).toBe(0)
      expect((await meeting.toTheEnd(workspace.start('above'))).code).toBe(0)
      expect(workspace.read('output/above')).toBe(await cleanOutput({}))
    },
  )
})

it('compiled code that was damaged on disk is not run', async () => {
  const workspace = workspaceWith()
  const meeting = new Meeting(workspace)
  const build = workspace.start('above')
  await meeting.arrived(build)
  const bundle = readdirSync(workspace.path('cache/config')).find((name) => name.endsWith('.mjs'))!
  workspace.edit(`cache/config/${bundle}`, 'copyFileSync(inputs', 'writeFileSync(inputs')
  await meeting.release()
  const { code, stderr } = await meeting.toTheEnd(build)
  expect(stderr).toContain('above: the compiled code of build.config.ts is damaged')
  expect(code).toBe(1)
  expect((await meeting.toTheEnd(workspace.start('above'))).code).toBe(0)
  expect(workspace.read('output/above')).toBe(await cleanOutput({}))
})
