// Tests that workspaces, users and versions of lbuild that share a store do not disturb each other.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { cacheInStore } from '../../src/store/storeUsers.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { ordinaryUser } from '../support/ordinaryUser.ts'
import { TestWorkspace } from '../support/workspace.ts'

const CONFIG = `import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { artifact, defineConfig, file } from 'lbuild'
const base = artifact('base', { inputs: { note: file('note.txt') }, outputs: { o: 'base.img' },
  produce: ({ inputs, outputs }) => writeFileSync(outputs.o, 'base of ' + readFileSync(inputs.note, 'utf8')) })
const image = artifact('image', { inputs: { base: base.output('o') }, outputs: { o: 'image.img' },
  produce({ inputs, outputs }) {
    const { uid, mtimeMs } = statSync(inputs.base)
    writeFileSync(outputs.o, ['image of', readFileSync(inputs.base, 'utf8'), uid, mtimeMs].join(' '))
  } })
export default defineConfig({ artifacts: [base, image] })
`

const isRoot = process.geteuid?.() === 0
const USER = ordinaryUser() ?? 0

/** Workspaces with different notes, and the store that they share. */
function sharing(...notes: readonly string[]): { store: string; workspaces: readonly TestWorkspace[] } {
  const store = `${temporaryDirectory()}/store`
  const workspaces = notes.map((note) => {
    const workspace = new TestWorkspace({ 'build.config.ts': CONFIG, 'note.txt': note })
    workspace.env['LBUILD_CACHE_DIR'] = store
    return workspace
  })
  return { store, workspaces }
}

/** The number of objects of a store. */
const objectsIn = (store: string): number =>
  fs
    .readdirSync(`${store}/objects`, { recursive: true, encoding: 'utf8' })
    .filter((name) => /^[0-9a-f]{2}\/[0-9a-f]{62}$/.test(name)).length

describe('two workspaces', () => {
  it('each have their own published state, log and verdicts, and reuse what the other built', async () => {
    const [one, two] = sharing('a note', 'a note').workspaces as [TestWorkspace, TestWorkspace]
    expect((await one.build('image')).ran).toEqual(['base', 'image'])
    const second = await two.build('image')
    expect([second.ran, second.restored]).toEqual([[], ['base', 'image']])
    expect(second.stderr).toContain('first build')
    two.write('note.txt', 'another note')
    expect((await two.build('image')).ran).toEqual(['base', 'image'])
    expect(await one.verdicts()).toEqual({ base: 'fresh', image: 'fresh' })
    expect((await one.lbuild('verify', 'image')).code).toBe(0)
    expect((await two.lbuild('verify', 'image')).code).toBe(0)
    const builds = async (of: TestWorkspace): Promise<number> =>
      (JSON.parse((await of.lbuild('history', '--json')).stdout) as { builds: unknown[] }).builds.length
    expect([await builds(one), await builds(two)]).toEqual([1, 2])
    expect((await two.lbuild('why', '--build', 'last')).stdout).toContain('note.txt')
    expect((await one.lbuild('clean')).code).toBe(0)
    expect([one.exists('output/image.img'), two.exists('output/image.img')]).toEqual([false, true])
  })

  it('are both spared by gc, until one of them is removed', async () => {
    const { store, workspaces } = sharing('one', 'two')
    const [one, two] = workspaces as [TestWorkspace, TestWorkspace]
    for (const workspace of workspaces) await workspace.succeed('image')
    const before = objectsIn(store)
    for (const workspace of workspaces) {
      expect((await workspace.lbuild('gc', '--keep', '1', '--max-size', '0')).code).toBe(0)
      expect(objectsIn(store)).toBe(before)
    }
    for (const workspace of workspaces) {
      expect((await workspace.lbuild('status', '--check')).code).toBe(0)
      workspace.remove('output')
      expect((await workspace.build('image')).ran).toEqual([])
    }
    fs.rmSync(one.root, { recursive: true })
    expect((await two.lbuild('gc', '--keep', '1', '--max-size', '0')).stdout).toContain(
      'removed base: 1 record',
    )
    // The texts of the code of 'image' are the same in both workspaces.
    expect(objectsIn(store)).toBe((before + 1) / 2)
    expect(fs.existsSync(cacheInStore(store, one.root))).toBe(false)
    expect((await two.lbuild('status', '--check')).code).toBe(0)
  })

  it('keep the store when one of them is cleaned completely, and the last one removes it', async () => {
    const { store, workspaces } = sharing('one', 'two')
    const [one, two] = workspaces as [TestWorkspace, TestWorkspace]
    for (const workspace of workspaces) await workspace.succeed('image')
    expect((await one.lbuild('clean', '--all', '--yes')).stdout).toContain('1 other workspace uses it')
    expect(one.exists('output/image.img')).toBe(false)
    expect((await two.lbuild('status', '--check')).code).toBe(0)
    expect((await one.build('image')).restored).toEqual(['base', 'image'])
    await one.succeed('clean', '--all', '--yes')
    await two.succeed('clean', '--all', '--yes')
    expect(fs.existsSync(`${store}/objects`)).toBe(false)
  })

  it('build at the same time, and gc waits for both', async () => {
    const { store, workspaces } = sharing('one', 'two')
    const [one, two] = workspaces as [TestWorkspace, TestWorkspace]
    one.edit(
      'build.config.ts',
      "'base of '",
      `(Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000), 'base of ')`,
    )
    const slow = one.start('image')
    for (let at = 0; at < 100 && (await one.lbuild('gc', '--no-wait')).code !== 75; at += 1);
    const { code, report } = await two.build('image')
    expect([code, report.artifacts.length]).toEqual([0, 2])
    expect((await two.lbuild('gc', '--no-wait')).stderr).toContain(`${store}/lock`)
    expect((await slow.ended).code).toBe(0)
    expect((await two.lbuild('gc', '--no-wait')).code).toBe(0)
  })
})

describe('another version of lbuild', () => {
  it('keeps its records and their objects as long as a workspace uses it', async () => {
    const { store, workspaces } = sharing('one', 'two')
    const [one, two] = workspaces as [TestWorkspace, TestWorkspace]
    for (const workspace of workspaces) await workspace.succeed('image')
    /** Gives the file of another version the checksum that belongs to it. */
    const rewrite = (path: string, from: string, to: string): void => {
      const text = fs.readFileSync(path, 'utf8').slice(65).replaceAll(from, to)
      fs.writeFileSync(path, `${sha256(text)} ${text}`)
    }
    const own = `${cacheInStore(store, one.root)}/workspace.json`
    const kind = /record \d+/.exec(fs.readFileSync(own, 'utf8'))![0]
    const published = ['base', 'image'].map((name) => {
      const latest = fs.readFileSync(`${cacheInStore(store, one.root)}/records/${name}/latest.json`, 'utf8')
      return `${store}/records/${name}/${/[0-9a-f]{64}(?="\})/.exec(latest)![0]}.json`
    })
    for (const path of [own, ...published]) rewrite(path, kind, 'record 4711')
    const before = objectsIn(store)
    expect((await two.lbuild('gc', '--keep', '1')).code).toBe(0)
    expect(published.every((path) => fs.existsSync(path))).toBe(true)
    expect(objectsIn(store)).toBe(before)
    rewrite(own, 'record 4711', kind)
    expect((await two.lbuild('gc', '--keep', '1')).code).toBe(0)
    expect(published.some((path) => fs.existsSync(path))).toBe(false)
    // The texts of the code of 'image' are the same in both workspaces.
    expect(objectsIn(store)).toBe((before + 1) / 2)
  })

  it('stops gc if it registered its workspace in a way that this one cannot read', async () => {
    const { store, workspaces } = sharing('one', 'two')
    const [one, two] = workspaces as [TestWorkspace, TestWorkspace]
    for (const workspace of workspaces) await workspace.succeed('base')
    fs.writeFileSync(`${cacheInStore(store, one.root)}/workspace.json`, 'of the future')
    const { code, stderr } = await two.lbuild('gc')
    expect([code, stderr]).toEqual([1, expect.stringContaining('cannot read what another workspace needs')])
  })
})

describe.runIf(isRoot)('two users of one group', () => {
  const GROUP = 4242

  /** Sets up a store as docs/store.md says, and a workspace of each user with the same sources. */
  function team(): { store: string; users: readonly TestWorkspace[] } {
    const { store, workspaces } = sharing('a note', 'a note')
    fs.mkdirSync(store)
    fs.chownSync(store, 0, GROUP)
    fs.chmodSync(store, 0o2775)
    fs.chmodSync(store.slice(0, store.lastIndexOf('/')), 0o755)
    const [one, two] = workspaces as [TestWorkspace, TestWorkspace]
    execFileSync('chown', ['-R', `${USER}:${USER}`, two.root])
    fs.chmodSync(two.root, 0o755)
    return { store, users: [one, two.asUser(USER, GROUP)] }
  }

  it('build, restore and collect in one store', async () => {
    const { store, users } = team()
    const [one, two] = users as [TestWorkspace, TestWorkspace]
    const first = await one.build('image')
    expect([first.code, first.ran], first.stderr).toEqual([0, ['base', 'image']])
    const second = await two.build('image')
    expect([second.code, second.ran, second.restored]).toEqual([0, [], ['base', 'image']])
    // The producer reads an object of the other user and must not see that.
    const again = await two.build('image', '--force')
    expect([again.code, again.ran]).toEqual([0, ['image']])
    expect(two.read('output/image.img')).toBe(one.read('output/image.img'))
    two.write('note.txt', 'another note')
    expect((await two.build('image')).ran).toEqual(['base', 'image'])
    two.write('note.txt', 'a third note')
    expect((await two.build('image')).ran).toEqual(['base', 'image'])
    const collected = await one.lbuild('gc', '--keep', '1')
    expect([collected.code, collected.stderr]).toEqual([0, ''])
    expect(collected.stdout).toContain('removed base: 1 record')
    for (const user of users) expect((await user.lbuild('status', '--check')).code).toBe(0)
    expect(fs.statSync(`${store}/objects`).mode & 0o7777).toBe(0o2775)
  })
})
