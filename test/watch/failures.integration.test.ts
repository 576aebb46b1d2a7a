// Tests failures under watch: reported once, not repeated unchanged, and recovered from.
import { describe, expect, it } from 'vitest'
import type { WatchEvent } from '../../src/watch/events.ts'
import { artifactsOf, builtWatched, nextBuildEvent, Watching } from '../support/watching.ts'

const fresh = builtWatched()

describe('a build that fails', () => {
  it('reports the error, builds the rest, does not repeat after unrelated changes, and recovers', async () => {
    const workspace = fresh()
    workspace.edit(
      'artifacts/other.ts',
      '({ inputs, outputs }) =>',
      "({ inputs, outputs }) => { if (readFileSync(inputs.note, 'utf8') === 'bad') throw new Error('bad note')\n",
    )
    workspace.edit('artifacts/other.ts', 'outputs.note),', 'outputs.note) },')
    workspace.edit('artifacts/other.ts', 'import { copy', 'import { readFileSync, copy')
    const watching = await Watching.of(workspace)
    const bad = await watching.after(() => workspace.write('note.txt', 'bad'))
    expect(artifactsOf(bad.events, 'failed')).toEqual(['other'])
    expect(bad.events.at(-1)).toMatchObject({ type: 'idle', fresh: false, failed: ['other'] })
    const unrelated = await watching.after(() => workspace.write('src/hello', 'unrelated'))
    expect(artifactsOf(unrelated.events, 'running')).not.toContain('other')
    expect(unrelated.ran).toEqual(['image', 'names', 'packed'])
    expect(unrelated.events.at(-1)).toMatchObject({ fresh: false, failed: ['other'] })
    // The events, the event log and the report agree on the artifact that was not retried.
    expect(artifactsOf(unrelated.events, 'failed')).toEqual(['other'])
    const { stdout } = await workspace.lbuild('history', '--json', '-n', '1')
    expect(JSON.parse(stdout)).toMatchObject({
      builds: [{ command: expect.arrayContaining(['watch']), end: 'failed', failed: ['other'], skipped: [] }],
    })
    const good = await watching.after(() => workspace.write('note.txt', 'good'))
    expect(good.ran).toEqual(['other'])
    expect(good.events.at(-1)).toMatchObject({ fresh: true, failed: [] })
    expect(workspace.read('output/other.txt')).toBe('good')
    // A failure that occurs again is reported again, also if nothing was built in between.
    for (const times of [1, 2]) {
      const again = watching.events.length
      workspace.write('note.txt', 'bad')
      await nextBuildEvent(watching, 'failed', 'other', again)
      await watching.next('idle', again)
      workspace.write('note.txt', 'good')
      await watching.next('idle', again, (event) => event.fresh)
      expect(artifactsOf(watching.events.slice(again), 'built'), `${times}`).toEqual([])
    }
    // An unchanged file starts no build, whatever failed.
    await watching.after(() => workspace.write('note.txt', 'bad'))
    const from = watching.events.length
    workspace.write('src/hello', 'unrelated')
    await watching.next('idle', from)
    expect(watching.events.slice(from).map(({ type }) => type)).toEqual(['changed', 'idle'])
  })

  it('because a tool is missing is reported once, does not repeat after unrelated changes, and recovers', async () => {
    const workspace = fresh()
    workspace.edit('artifacts/other.ts', 'inputs:', "tools: ['no-such-tool'], inputs:")
    const watching = await Watching.of(workspace)
    const reported = (): readonly WatchEvent[] => watching.events.filter(({ type }) => type === 'failed')
    expect(reported()).toMatchObject([{ scope: 'build' }])
    const from = watching.events.length
    workspace.write('src/hello', workspace.read('src/hello'))
    await watching.next('idle', from)
    expect(watching.events.slice(from).map(({ type }) => type)).toEqual(['changed', 'idle'])
    const { events } = await watching.after(() =>
      workspace.edit('artifacts/other.ts', "tools: ['no-such-tool'], ", ''),
    )
    expect(events.at(-1)).toMatchObject({ fresh: true, failed: [] })
    expect(reported()).toHaveLength(1)
  })

  it('because its output cannot be published is retried after the next change', async () => {
    const workspace = fresh()
    workspace.remove('output/docs')
    workspace.write('output/docs', 'in the way')
    const watching = await Watching.of(workspace)
    expect(watching.events.at(-1)).toMatchObject({ fresh: false, failed: ['roster'] })
    workspace.remove('output/docs')
    const from = watching.events.length
    workspace.write('src/hello', workspace.read('src/hello'))
    await watching.next('idle', from, (event) => event.fresh)
    expect(workspace.exists('output/docs/roster.txt')).toBe(true)
  })

  it('because an input is missing recovers when the input exists', async () => {
    const workspace = fresh()
    const watching = await Watching.of(workspace)
    const from = watching.events.length
    workspace.rename('note.txt', 'aside')
    const { failure, scope } = await watching.next('failed', from)
    expect([scope, failure.headline]).toEqual(['inputs', 'a declared input is missing'])
    const { events } = await watching.after(() => workspace.write('note.txt', 'there again'))
    expect(events.at(-1)).toMatchObject({ fresh: true })
    expect(workspace.read('output/other.txt')).toBe('there again')
  })

  it('because the config fails names file, line and column, builds with the last good one, and recovers', async () => {
    const workspace = fresh()
    const watching = await Watching.of(workspace)
    const from = watching.events.length
    const before = workspace.read('artifacts/other.ts')
    workspace.write('artifacts/other.ts', `${before}\nimport { later } from './later.ts'\nlater(`)
    const { failure, scope } = await watching.next('failed', from)
    expect(scope).toBe('config')
    expect(failure.tail).toContain('artifacts/other.ts:12:')
    const old = await watching.after(() => workspace.write('note.txt', 'by the old config'))
    expect(old.ran).toEqual(['other'])
    expect(old.events.filter(({ type }) => type === 'failed')).toEqual([])
    expect(old.events.at(-1)).toMatchObject({ configFailed: true })
    // The fix may be a file that the last good config did not import.
    workspace.write('artifacts/other.ts', `${before}\nimport { later } from './new/later.ts'\nlater()`)
    const seen = watching.events.length
    const missing = await watching.next('failed', seen)
    workspace.write('artifacts/new/later.ts', 'export const later = () => {}\n')
    const recovered = await watching.next('reconfigured', seen)
    expect(recovered).toBeDefined()
    await watching.next('idle', seen, ({ configFailed, fresh: all }) => !configFailed && all)
    expect(workspace.read('output/other.txt')).toBe('by the old config')
    // The same failure is reported again when it occurs again.
    const again = watching.events.length
    workspace.remove('artifacts/new/later.ts')
    expect((await watching.next('failed', again)).failure).toEqual(missing.failure)
  })

  it('at the start keeps watching, and recovers', async () => {
    const workspace = fresh()
    workspace.edit('artifacts/other.ts', '=> copyFileSync', '=> missing || copyFileSync')
    const watching = await Watching.of(workspace)
    expect(watching.events.at(-1)).toMatchObject({ fresh: false, failed: ['other'] })
    const { events } = await watching.after(() => workspace.edit('artifacts/other.ts', 'missing || ', ''))
    expect(events.at(-1)).toMatchObject({ fresh: true })
  })
})
