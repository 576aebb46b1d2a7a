// Tests that a build after one that filled the disk finds space again.
import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { appendFileSync, cpSync, readFileSync } from 'node:fs'
import { artifact, defineConfig, file, tree } from 'lbuild'
const image = artifact('image', { inputs: { note: file('note.bin'), parts: tree('parts') }, outputs: { o: 'image.img' },
  produce({ inputs, outputs }) {
    const note = readFileSync(inputs.note)
    for (let at = 0; at < (note[0] === 42 ? 64 : 1); at += 1) appendFileSync(outputs.o, Buffer.alloc(2 ** 18, at + 1))
  } })
export default defineConfig({ artifacts: [image] })
`

const mounts: string[] = []
afterEach(() => mounts.splice(0).forEach((path) => execFileSync('umount', ['--lazy', path])))

/** A workspace with its cache on a disk of 8 MiB. */
function onSmallDisk(): { workspace: TestWorkspace; cache: string } {
  const cache = `${temporaryDirectory()}/small`
  mkdirSync(cache)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', cache])
  mounts.push(cache)
  const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'note.bin': 'a note', 'parts/one': '1' })
  workspace.env['LBUILD_CACHE_DIR'] = cache
  return { workspace, cache }
}

const LARGE = Buffer.alloc(12 * 2 ** 20, 7)

describe.runIf(process.geteuid?.() === 0)('after a build that filled the disk', () => {
  it.each<[string, (workspace: TestWorkspace) => void, RegExp]>([
    ['with an input file', (w) => w.write('note.bin', LARGE), /full directory: +\S*\/small/],
    ['with an input tree', (w) => w.write('parts/two', LARGE), /full directory: +\S*\/small/],
    [
      'with an output',
      (w) => w.write('note.bin', Buffer.alloc(1, 42)),
      /image: the disk is full\n +full directory: +\S*\/small/,
    ],
  ])('%s, a small build succeeds', async (_, fill, message) => {
    const { workspace } = onSmallDisk()
    await workspace.succeed('image')
    fill(workspace)
    const full = await workspace.lbuild('image')
    expect(full.code).toBe(1)
    expect(full.stderr).toMatch(message)
    workspace.write('note.bin', 'another note')
    workspace.write('parts/two', 'small')
    const { code, ran, stderr } = await workspace.build('image')
    expect([code, ran], stderr).toEqual([0, ['image']])
  })
})
