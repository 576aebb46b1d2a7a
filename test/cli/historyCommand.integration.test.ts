// Tests which builds `lbuild history` selects, and how it prints them.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { BuildEvent } from '../../src/events/events.ts'
import { logFormat } from '../../src/events/logFormat.ts'
import { builtTiny, meetInOther, TINY, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'
import { detail, EMPTY, history } from './support/history.ts'

const built = builtTiny()

describe('lbuild history', () => {
  it('needs no inputs and no valid config, takes no lock and writes nothing', async () => {
    const workspace = built()
    const expected = await history(workspace)
    workspace.write('build.config.ts', 'this is no TypeScript (')
    workspace.remove('src')
    workspace.remove('note.txt')
    const before = workspace.state('.')
    expect(await history(workspace)).toEqual(expected)
    expect((await detail(workspace)).built).toEqual(expected[0]!.built)
    expect((await workspace.lbuild('history')).code).toBe(0)
    expect(workspace.state('.')).toEqual(before)
    workspace.remove('build.config.ts')
    expect(await history(workspace)).toEqual(expected)
    workspace.remove('cache')
    const { code, stderr } = await workspace.lbuild('history')
    expect(stderr).toContain('there is no build.config.ts here')
    expect(code).toBe(2)
  })

  it('shows a build that is still running', async () => {
    const workspace = built()
    const meeting = meetInOther(workspace)
    const build = workspace.start('other')
    await meeting.arrived(build)
    expect(await history(workspace)).toMatchObject([
      { end: 'unfinished', unfinished: ['other'] },
      { end: 'done' },
    ])
    expect((await workspace.lbuild('history', '-n', '1')).stdout).toContain('or still running')
    await meeting.release()
    expect((await build.ended).code).toBe(0)
    expect(await history(workspace)).toMatchObject([{ end: 'done', built: ['other'] }, { end: 'done' }])
  })

  it('shows ten builds, or as many as requested', async () => {
    const workspace = built()
    const [name] = fs.readdirSync(workspace.path('cache/log'))
    const log = workspace.read(`cache/log/${name}`)
    for (let at = 10; at < 24; at += 1) workspace.write(`cache/log/20200101-0000${at}-000-000000.jsonl`, log)
    expect(await history(workspace)).toHaveLength(10)
    expect((await history(workspace, '-n', '3')).map(({ id }) => id)).toEqual([
      name!.replace('.jsonl', ''),
      '20200101-000023-000-000000',
      '20200101-000022-000-000000',
    ])
    expect(await history(workspace, '--all')).toHaveLength(15)
    expect((await workspace.lbuild('history')).stdout).toMatch(/\n… and older ones: -n N, or --all\n$/)
    expect((await workspace.lbuild('history', '-n', '15')).stdout).not.toContain('older ones')
  })

  it('with targets shows builds that requested or changed them', async () => {
    const workspace = built()
    workspace.write('src/hello', 'HELLO\n')
    await workspace.build('image')
    workspace.write('note.txt', 'another note\n')
    await workspace.build('other')
    const targets = async (...names: readonly string[]): Promise<unknown> =>
      (await history(workspace, ...names)).map((build) => build.targets)
    expect(await targets('other')).toEqual([['other'], TINY_TARGETS])
    expect(await targets('packed')).toEqual([['image'], TINY_TARGETS])
    expect(await targets('roster')).toEqual([TINY_TARGETS])
    expect(await targets('other', 'packed')).toEqual([['other'], ['image'], TINY_TARGETS])
    const { code, stderr } = await workspace.lbuild('history', 'imgae')
    expect(stderr).toContain(`no build in the log involved 'imgae'`)
    expect(stderr).toContain(`did you mean 'image'?`)
    expect(code).toBe(2)
  })

  it('shows the command line of a build as the user typed it, and its params', async () => {
    const workspace = built()
    await workspace.succeed(
      '-C',
      workspace.root,
      'build',
      'image',
      '--title',
      `it's "new"`,
      '--profile=none',
      '-kf',
    )
    const { stdout } = await workspace.lbuild('history')
    expect(stdout.replaceAll(/\n? +/g, ' ')).toContain(
      `lbuild -C ${workspace.root} build image --title 'it'\\''s "new"' --profile=none -kf`,
    )
    const one = await workspace.lbuild('history', '--build', 'last')
    expect(one.stdout).toContain(`params: title=it's "new"\n`)
    expect((await history(workspace))[0]).toMatchObject({
      targets: ['image'],
      command: ['-C', workspace.root, 'build', 'image', '--title', `it's "new"`, '--profile=none', '-kf'],
    })
  })

  it('shows the targets of a build that an older lbuild logged without its command line', async () => {
    const workspace = built()
    const [name] = fs.readdirSync(workspace.path('cache/log'))
    const { parseLog, formatLine } = await logFormat()
    const { lines } = parseLog(workspace.read(`cache/log/${name}`))
    const older = lines.map(({ event, ...line }) => {
      const { command: _, ...rest } = { command: undefined, ...event }
      return formatLine({ ...line, event: rest as BuildEvent })
    })
    workspace.write(`cache/log/${name}`, `${older.join('\n')}\n`)
    expect((await workspace.lbuild('history')).stdout).toContain(`  targets: ${TINY_TARGETS.join(', ')}\n`)
  })

  it('fits into 80 columns, and uses colors only if they are wanted', async () => {
    const workspace = built()
    workspace.env['FORCE_COLOR'] = ''
    const args = Array.from({ length: 5 }, (_, at) => ['--set', `title=${'word '.repeat(at + 2)}`]).flat()
    await workspace.build(...TINY_TARGETS, '--force', '--keep-going', ...args)
    const list = (await workspace.lbuild('history')).stdout
    const one = (await workspace.lbuild('history', '--build', 'last')).stdout
    expect(list).toMatch(
      /^\d{8}-\d{6}-\d{3}-[0-9a-f]{6}\n {2}lbuild image roster other --force --keep-going --set 'title=word\s+word [^]* --json\n {2}[^:]+: done in [\d.]+ s, saved [\d.]+ s\n {2}built image, roster, other; 2 fresh\n/m,
    )
    expect(one).toMatch(/^fresh +packed +saved [\d.]+ s$/m)
    expect(one).toMatch(/^critical path, [\d.]+ s of [\d.]+ s: (image|roster|other) [\d.]+ s$/m)
    for (const line of `${list}${one}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80)
    expect(`${list}${one}`).not.toContain('\u001b')
    workspace.env['FORCE_COLOR'] = '1'
    expect((await workspace.lbuild('history')).stdout).toContain('\u001b[32m')
  })

  it('removes control characters from texts of the log', async () => {
    const workspace = built()
    workspace.edit(
      'artifacts/packed.ts',
      `await run('tar'`,
      `throw new Error('\\u0007gone\\u001b[2J\\u009b1A'); await run('tar'`,
    )
    expect((await workspace.lbuild('packed')).code).toBe(1)
    const { stdout } = await workspace.lbuild('history', '--build', 'last')
    expect(stdout).toContain('gone')
    // oxlint-disable-next-line no-control-regex -- the pattern matches control characters
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  })

  it('reports a log that cannot be read, and shows the others', async () => {
    const workspace = built()
    const [name] = fs.readdirSync(workspace.path('cache/log'))
    const log = workspace.read(`cache/log/${name}`)
    workspace.write('cache/log/20200101-000001-000-000000.jsonl', log.replaceAll('"v":', '"v":9'))
    workspace.write('cache/log/20200101-000002-000-000000.jsonl', log.slice(0, -10))
    const [complete, truncated, unreadable] = await history(workspace)
    expect(complete).toMatchObject({ end: 'done', incomplete: false })
    expect(truncated).toMatchObject({ end: 'unfinished', incomplete: true, built: complete!.built })
    expect(unreadable).toMatchObject({ ...EMPTY, end: 'unfinished', incomplete: true, targets: [] })
    const { stdout } = await workspace.lbuild('history')
    expect(stdout).toMatch(/; its log is\s+incomplete$/m)
    expect(stdout).toContain('its log cannot be read')
  })

  it('finds one build by the beginning of its id, and rejects ambiguous and unknown ids', async () => {
    const workspace = built()
    workspace.write('note.txt', 'another note\n')
    await workspace.build('other')
    const [last, first] = await history(workspace)
    expect((await detail(workspace, first!.id)).targets).toEqual(TINY_TARGETS)
    expect((await detail(workspace, last!.id.slice(0, -3))).targets).toEqual(['other'])
    expect((await detail(workspace, last!.id.slice(-6))).id).toBe(last!.id)
    expect((await detail(workspace, first!.id.slice(-6, -1))).id).toBe(first!.id)
    for (const [args, message] of [
      [['--build', '20'], `2 builds match '20'`],
      [['--build', '1999'], `unknown build '1999'`],
      [['--build', 'last', 'image'], '--build cannot be combined with targets'],
      [['--trace', 'trace.json'], '--trace needs --build'],
      [['-n', '0'], 'a whole number of at least 1'],
      [['--unheard-of'], 'unknown option'],
    ] as const) {
      const { code, stdout, stderr } = await workspace.lbuild('history', ...args)
      expect(stderr).toContain(message)
      expect([code, stdout]).toEqual([2, ''])
    }
  })

  it('reports an empty log', async () => {
    const workspace = new TestWorkspace(TINY)
    expect(await history(workspace)).toEqual([])
    expect((await workspace.lbuild('history')).stdout).toBe('no build is in the log\n')
    const { code, stderr } = await workspace.lbuild('history', '--build', 'last')
    expect(stderr).toContain('no build is in the log')
    expect(code).toBe(2)
  })
})
