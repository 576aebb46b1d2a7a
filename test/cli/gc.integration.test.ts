// `lbuild gc` removes old records from the store, and never what the latest ones need.
import * as fs from 'node:fs'
import { on } from 'node:events'
import { describe, expect, it } from 'vitest'
import { realDisk } from '../../src/platform/disk.ts'
import { unusedBundles } from '../../src/config/load.ts'
import { GRAPH_KIND } from '../../src/config/load.ts'
import { writeChecksummed } from '../../src/platform/checksummedFile.ts'
import { ObjectStore } from '../../src/store/objects.ts'
import { Meeting } from '../support/meeting.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { bytes } from '../../src/platform/units.ts'
import { contents } from '../support/contents.ts'
import { textsObject } from '../support/damage.ts'
import { build, builtOf, gc, NOTE, NOTES, objectFiles, storeSize, textSizes } from '../support/notes.ts'
import type { GcDocument } from '../support/notes.ts'
import { TestWorkspace } from '../support/workspace.ts'

const removed = ({ records }: GcDocument): string[] => records.map(({ artifact }) => artifact).sort()

describe('lbuild gc', () => {
  it('keeps the newest builds of each artifact: older ones run again, newer ones are restored', async () => {
    const workspace = await builtOf('one', 'two', 'three')
    const { stdout, code } = await workspace.lbuild('gc', '--keep', '2')
    // The texts of base go with its output; the texts of image are the same in every build.
    expect(stdout).toBe(`removed base: 1 record, 2 objects, ${bytes(NOTE + textSizes(workspace).base)}
removed image: 1 record
retained 4 records and 5 objects, ${bytes(storeSize(workspace, 2))}
`)
    expect(contents(workspace)).toEqual({ outputs: 2, listings: 0, texts: 3, others: 0 })
    expect(code).toBe(0)
    expect((await workspace.build('image')).report.artifacts.map(({ outcome }) => outcome)).toEqual([
      'fresh',
      'fresh',
    ])
    expect((await build(workspace, 'two')).restored).toEqual(['base', 'image'])
    expect((await build(workspace, 'one')).ran).toEqual(['base', 'image'])
    expect(await gc(workspace)).toMatchObject({
      records: [],
      objects: 0,
      retained: { records: 6, objects: 7 },
    })
    expect(contents(workspace)).toEqual({ outputs: 3, listings: 0, texts: 4, others: 0 })
  })

  it('counts a restored build as new', async () => {
    const workspace = await builtOf('one', 'two', 'three', 'one', 'four')
    await gc(workspace, '--keep', '2')
    expect((await build(workspace, 'one')).restored).toEqual(['base', 'image'])
    expect((await build(workspace, 'three')).ran).toEqual(['base', 'image'])
  })

  it('removes the oldest builds while the store is too large, and never the latest', async () => {
    const workspace = await builtOf('one', 'two', 'three', 'four')
    const texts = textSizes(workspace).base
    const size = storeSize(workspace, 4)
    // The oldest record is of base. Its texts go; its output stays, because the image of that build has the same bytes.
    expect(await gc(workspace, '--max-size', `${size - 1}`)).toMatchObject({
      objects: 1,
      bytes: texts,
      retained: { records: 7, bytes: size - texts },
    })
    expect(contents(workspace)).toEqual({ outputs: 4, listings: 0, texts: 4, others: 0 })
    expect(await gc(workspace, '--max-size', `${size - texts - 1}`)).toMatchObject({
      objects: 1,
      bytes: NOTE,
      retained: { records: 6, bytes: storeSize(workspace, 3) },
    })
    const { stdout } = await workspace.lbuild('gc', '--max-size', '0')
    expect(stdout).toContain(
      `retained 2 records and 3 objects, ${bytes(storeSize(workspace, 1))}; larger than 0 B, because the latest builds need these objects\n`,
    )
    expect(contents(workspace)).toEqual({ outputs: 1, listings: 0, texts: 2, others: 0 })
    workspace.remove('output')
    expect((await workspace.build('image')).restored).toEqual(['image'])
  })

  it('keeps the texts of kept builds and removes those of removed builds, so that changes are shown line by line', async () => {
    const workspace = await builtOf('one')
    const first = textsObject(workspace, 'base')
    await build(workspace, 'two')
    const second = textsObject(workspace, 'base')
    await gc(workspace, '--keep', '1')
    expect([workspace.exists(first), workspace.exists(second)]).toEqual([false, true])
    workspace.write('note.txt', 'three'.padEnd(NOTE))
    const { stdout } = await workspace.lbuild('why', 'image', '--diff')
    expect(stdout).toContain('-two')
    expect(stdout).toContain('+three')
  })

  it('keeps the dependencies of the latest build of an artifact, even if they were rebuilt since', async () => {
    const workspace = await builtOf('one')
    workspace.write('note.txt', 'two')
    await workspace.build('base')
    await gc(workspace, '--keep', '1', '--max-size', '0')
    workspace.remove('output')
    const { ran, restored } = await build(workspace, 'one')
    expect([ran, restored]).toEqual([[], ['base', 'image']])
  })

  it('counts the disk space of files, not their holes', async () => {
    const workspace = new TestWorkspace({ ...NOTES, 'note.txt': 'note' })
    const copy = 'copyFileSync(inputs.base, outputs.image)'
    workspace.edit('artifacts.ts', copy, `${copy}; truncateSync(outputs.image, 2 ** 26)`)
    await workspace.build('image')
    const { records, bytes } = (await gc(workspace)).retained
    expect([records, bytes < 2 ** 20]).toEqual([2, true])
  })

  it('predicts the same with --dry-run, and changes nothing', async () => {
    // Built in place, because the first command in a copy writes the cached graph and the index again.
    const workspace = new TestWorkspace(NOTES)
    for (const note of ['one', 'two', 'three']) await build(workspace, note)
    workspace.write('cache/objects/damaged-x', 'damaged')
    const before = workspace.state('cache')
    const { stdout } = await workspace.lbuild('gc', '--keep', '1', '--dry-run')
    const predicted = await gc(workspace, '--keep', '1', '-n')
    expect(workspace.state('cache')).toEqual(before)
    expect(stdout).toContain(
      `would remove base: 2 records, 4 objects, ${bytes(2 * (NOTE + textSizes(workspace).base))}\n`,
    )
    expect(stdout).toContain('would remove 1 leftover file, 7 B\n')
    expect({ ...(await gc(workspace, '--keep', '1')), dryRun: true }).toEqual(predicted)
    expect(removed(predicted)).toEqual(['base', 'base', 'image', 'image'])
    expect(contents(workspace)).toEqual({ outputs: 1, listings: 0, texts: 2, others: 0 })
  })

  it('removes leftovers of dead processes, reports damaged records, and leaves unknown files', async () => {
    const workspace = await builtOf('one')
    const [object] = objectFiles(workspace)
    const garbage = [
      `cache/objects/copy.tmp-17-0123abcd-1`,
      `cache/objects/${object}.tmp-17-0123abcd-2`,
      `cache/objects/damaged-${'a'.repeat(64)}`,
      `cache/objects/bb/${'b'.repeat(62)}`,
      `cache/records/image/latest.json.tmp-17-0123abcd-3`,
      `cache/records/image/damaged-latest.json`,
      `cache/damaged-records`,
      `cache/index/damaged-index.json`,
      `cache/objects/bb/damaged-${'c'.repeat(62)}`,
    ]
    const others = ['cache/objects/README', 'cache/records/image/notes.txt', 'cache/records/stray.json']
    for (const path of [...garbage, ...others]) workspace.write(path, 'x')
    const record = `records/image/${'c'.repeat(64)}.json`
    workspace.write(`cache/${record}`, 'damage')
    const { stdout, code } = await workspace.lbuild('gc')
    expect([stdout, code]).toEqual([
      `removed unreferenced, 1 object, 1 B
removed a damaged record, ${record}
removed 8 leftover files, 8 B
retained 2 records and 3 objects, ${bytes(storeSize(workspace, 1))}
`,
      0,
    ])
    expect(garbage.filter((path) => workspace.exists(path))).toEqual([])
    expect(others.every((path) => workspace.exists(path))).toBe(true)
    expect(workspace.exists(`cache/${record}`)).toBe(false)
    expect((await workspace.lbuild('gc')).stdout).toMatch(/^nothing to remove\n/)
  })

  it('keeps the logs of the newest 100 builds, and the compiled config in use', async () => {
    const workspace = await builtOf('one')
    const logs = Array.from({ length: 105 }, (_, at) => `20200101-000${String(at).padStart(3, '0')}-7.jsonl`)
    for (const name of logs) workspace.write(`cache/log/${name}`, '{}\n')
    workspace.edit('build.config.ts', '[base, image]', '[image, base]')
    await workspace.lbuild('status')
    const bundles = (): string[] =>
      Object.keys(workspace.state('cache/config')).filter((name) => name.endsWith('.mjs'))
    expect(bundles()).toHaveLength(2)
    await gc(workspace)
    const left = fs.readdirSync(workspace.path('cache/log')).sort()
    expect(left).toHaveLength(100)
    expect(left.slice(0, -1)).toEqual(logs.sort().slice(-99))
    // A waiting build may still use the previous config for an hour.
    expect(bundles()).toHaveLength(2)
    for (const name of bundles()) fs.utimesSync(workspace.path(`cache/config/${name}`), 1, 1)
    await gc(workspace)
    expect(bundles()).toHaveLength(1)
    expect((await workspace.lbuild('status')).code).toBe(0)
  })

  it('keeps the downloads that a lockfile names, even if no build used them', async () => {
    const workspace = new TestWorkspace({
      'build.config.ts': `import { artifact, defineConfig, lockfile } from 'lbuild'
const packages = lockfile('packages', { path: 'packages.lock', inputs: {}, tools: [], resolve: () => [], mirrors: () => [] })
export default defineConfig({ artifacts: [packages] })
`,
    })
    const objects = new ObjectStore(realDisk, workspace.path('cache/objects'))
    const [named, other] = [objects.putText('named'), objects.putText('other')]
    const file = { name: 'bash', package: 'bash', version: '1', path: 'bash', size: 5, sha256: named }
    workspace.write('packages.lock', JSON.stringify({ version: 1, request: '', files: [file] }))
    expect(await gc(workspace, '--max-size', '0')).toMatchObject({
      objects: 1,
      retained: { objects: 1, bytes: 5 },
    })
    expect(objects.readText(named)).toBe('named')
    expect(objects.readText(other)).toBeUndefined()
    // Nothing is removed while the lockfile cannot be read.
    workspace.write('packages.lock', 'merge conflict')
    const { code, stderr } = await workspace.lbuild('gc')
    expect(stderr).toContain('cannot read the lockfile')
    expect(code).toBe(2)
    expect(objects.readText(named)).toBe('named')
  })

  it.each([
    [['--keep', '0'], 'a whole number of at least 1'],
    [['--max-size', '5X'], "invalid value '5X' for option '--max-size <size>'"],
    [['qcow2'], 'too many arguments'],
  ])('rejects %j', async (args, message) => {
    const workspace = new TestWorkspace(NOTES)
    const { code, stderr } = await workspace.lbuild('gc', ...args)
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})

/** A workspace whose next build of `image` stops at a meeting. */
async function meetingAtImage(): Promise<{ workspace: TestWorkspace; meeting: Meeting }> {
  const workspace = await builtOf('one')
  workspace.edit('artifacts.ts', 'outputs: { image:', `tools: ['meet'], outputs: { image:`)
  workspace.edit(
    'artifacts.ts',
    'produce({ inputs, outputs }) { copyFileSync(inputs.base',
    `async produce({ inputs, outputs, run }) { await run('meet', []); copyFileSync(inputs.base`,
  )
  workspace.edit('build.config.ts', '[base, image]', `[base, image], toolPath: ['tools']`)
  const meeting = new Meeting(workspace)
  workspace.write('note.txt', 'two'.padEnd(100))
  return { workspace, meeting }
}

async function waitsForLock({ child }: ReturnType<TestWorkspace['start']>): Promise<void> {
  for await (const [text] of on(child.stderr!, 'data'))
    if (String(text).includes('waiting for another build')) return
}

describe('while a build runs', () => {
  it('gc waits for it or exits with 75, and removes nothing that it needs', async () => {
    const { workspace, meeting } = await meetingAtImage()
    const building = workspace.start('image')
    await meeting.arrived(building)
    // The output of base is in the store by now, and no record of an image refers to it yet.
    expect((await workspace.lbuild('gc', '--no-wait')).code).toBe(75)
    const collecting = workspace.start('gc', '--keep', '1', '--max-size', '0')
    await waitsForLock(collecting)
    await meeting.release()
    expect((await building.ended).code).toBe(0)
    expect((await collecting.ended).code).toBe(0)
    expect(workspace.read('output/image.img')).toBe('two'.padEnd(100))
    workspace.remove('output')
    expect((await workspace.build('image')).restored).toEqual(['image'])
  })
})

describe('the compiled config', () => {
  it('is kept if graph.json names it, even if this process uses another one', () => {
    const cache = temporaryDirectory()
    const locations = { root: cache, home: cache, cache, output: cache }
    fs.mkdirSync(`${cache}/config`)
    writeChecksummed(realDisk, `${cache}/config/graph.json`, GRAPH_KIND, {
      bundle: `${cache}/config/now.mjs`,
    })
    for (const name of ['own.mjs', 'now.mjs', 'old.mjs', 'old.mjs.tmp-1-0123abcd-1', 'foreign'])
      fs.writeFileSync(`${cache}/config/${name}`, '')
    const later = BigInt(Date.now() + 3_700_000) * 1_000_000n
    expect(unusedBundles(realDisk, locations, `${cache}/config/own.mjs`, later)).toEqual([
      `${cache}/config/old.mjs`,
      `${cache}/config/old.mjs.tmp-1-0123abcd-1`,
    ])
  })

  it('may be removed while a build waits for the workspace lock; the build then says that the config changed', async () => {
    const { workspace, meeting } = await meetingAtImage()
    const first = workspace.start('image')
    await meeting.arrived(first)
    const second = workspace.start('image')
    await waitsForLock(second)
    for (const name of fs.readdirSync(workspace.path('cache/config')))
      if (name.endsWith('.mjs')) workspace.remove(`cache/config/${name}`)
    await meeting.release()
    expect((await first.ended).code).toBe(0)
    const { code, stderr } = await second.ended
    expect(stderr).toContain(
      'error: build.config.ts changed while lbuild waited for another build\n  hint: run the same command again',
    )
    expect(code).toBe(2)
  })
})
