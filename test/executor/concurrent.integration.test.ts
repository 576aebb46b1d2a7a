// Tests builds of one workspace that run at the same time, by several copies of lbuild and by several users.
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { allEnded } from '../support/processes.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { builtTiny, meetInOther, TINY, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')
const built = builtTiny()

/** Another copy of lbuild, which has never run. */
function otherHome(): string {
  const home = `${temporaryDirectory()}/lbuild`
  mkdirSync(home)
  for (const part of ['lbuild', 'src', 'package.json'])
    cpSync(`${HOME}/${part}`, `${home}/${part}`, { recursive: true, verbatimSymlinks: true })
  symlinkSync(`${HOME}/node_modules`, `${home}/node_modules`)
  return home
}

const outputs = (workspace: TestWorkspace): Record<string, string> =>
  Object.fromEntries(
    ['tiny.img', 'docs/roster.txt', 'other.txt'].map((path) => [path, workspace.read(`output/${path}`)]),
  )

/** Temporary files and work directories below a directory. */
const leftovers = (root: string): string[] =>
  readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.tmp-|cache\/work\/./.test(path),
  )

describe('simultaneous builds of one workspace', () => {
  it('have the outputs of a clean build: twenty builds, two copies of lbuild, several targets', async () => {
    const workspace = new TestWorkspace(TINY)
    const home = otherHome()
    const starters = [workspace, workspace.from(home)]
    const targets = [['image'], ['roster'], ['other', 'roster'], TINY_TARGETS]
    const options = [[], ['--no-wait'], ['--jobs', '1'], ['--jobs', '8'], ['--force']]
    const builds = await Promise.all(
      Array.from({ length: 20 }, (_, at) =>
        starters[at % 2]!.lbuild(...targets[at % targets.length]!, ...options[at % options.length]!),
      ),
    )
    for (const [at, { code, stderr }] of builds.entries())
      if (code !== 0) {
        expect([at % options.length, code], stderr).toEqual([1, 75])
        expect(stderr).toContain('another lbuild process holds the workspace lock')
      }
    expect(builds.filter(({ code }) => code === 0).length).toBeGreaterThanOrEqual(16)

    const { code, report } = await workspace.build(...TINY_TARGETS)
    expect([code, report.artifacts.map(({ outcome }) => outcome)]).toEqual([0, Array(5).fill('fresh')])
    expect(outputs(workspace)).toEqual(outputs(built()))
    expect([leftovers(workspace.root), leftovers(home)]).toEqual([[], []])
    expect(readdirSync(workspace.path('output')).sort()).toEqual(['docs', 'other.txt', 'tiny.img'])
    // One compiled lbuild and its manifest, although several processes compiled it at once.
    expect(readdirSync(`${home}/cache/lbuild`)).toHaveLength(2)
    await allEnded(workspace.root)
  })

  it('with different params succeed, and a later build with the defaults restores their outputs', async () => {
    const workspace = built()
    const sizes = ['2', '3', '2', '3', '2', '3']
    const builds = await Promise.all(sizes.map((size) => workspace.lbuild('image', '--disk-size', size)))
    expect(builds.map(({ code }) => code)).toEqual(sizes.map(() => 0))
    const { code, ran } = await workspace.build('image')
    expect([code, ran]).toEqual([0, []])
    expect(outputs(workspace)).toEqual(outputs(built()))
    expect(leftovers(workspace.root)).toEqual([])
  })
})

/** Whether the user `nobody` can run lbuild from this directory. */
function nobodyCanRun(): boolean {
  if (process.geteuid!() !== 0) return false
  try {
    const who = ['--reuid=65534', '--regid=65534', '--clear-groups', '--']
    execFileSync('setpriv', [...who, process.execPath, `${HOME}/lbuild`, '--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

describe.runIf(nobodyCanRun())('a user without write access to the workspace', () => {
  const open = (workspace: TestWorkspace): TestWorkspace => {
    chmodSync(workspace.root, 0o755)
    return workspace.asNobody()
  }

  it('may inspect it, which writes nothing', async () => {
    const workspace = built()
    const other = open(workspace)
    // Without write access the compiled config must exist already.
    await workspace.verdicts()
    // The user must not remove what a killed build of the owner left behind.
    workspace.write('cache/work/20260101-000000-17.image/log', '')
    workspace.write('output/tiny.img.tmp-17-0123abcd-1', 'half')
    const before = workspace.state('.')
    expect(await other.verdicts()).toEqual(await workspace.verdicts())
    const fresh = await other.lbuild('image')
    expect([fresh.code, fresh.stderr]).toEqual([0, ''])
    expect(fresh.stdout).toContain('image is fresh')
    workspace.write('src/hello', 'HELLO\n')
    expect((await other.lbuild('status', '--check')).code).toBe(3)
    const why = await other.lbuild('why', 'image')
    expect([why.code, why.stderr]).toEqual([0, ''])
    expect(why.stdout).toContain('hello: content (')
    workspace.write('src/hello', 'hello\n')
    const isUnchanged = ([path]: [string, unknown]): boolean => !/^(cache\/index|src\/hello)/.test(path)
    expect(Object.entries(workspace.state('.')).filter(isUnchanged)).toEqual(
      Object.entries(before).filter(isUnchanged),
    )
  })

  it('may not build: the error names the permission, and nothing changes', async () => {
    const workspace = built()
    const other = open(workspace)
    workspace.write('src/hello', 'HELLO\n')
    await workspace.verdicts()
    const before = workspace.state('.')
    for (const words of [['image'], ['image', '--force'], ['clean']]) {
      const { code, stderr } = await other.lbuild(...words)
      expect(stderr, words.join(' ')).toContain('error: permission denied')
      expect(stderr).toContain(workspace.root)
      expect(code).toBe(1)
    }
    expect(workspace.state('.')).toEqual(before)
    const { code, ran } = await workspace.build('image')
    expect([code, ran]).toEqual([0, ['image', 'names', 'packed']])
  })

  it('gets an error if the config changed, because it cannot be compiled', async () => {
    const workspace = built()
    workspace.edit('artifacts/other.ts', 'artifact(', '/* edited */ artifact(')
    const { code, stderr, stdout } = await open(workspace).lbuild('status')
    expect(stderr).toMatch(/^error: permission denied\n[^]*cache\/config/)
    expect([code, stdout]).toEqual([1, ''])
  })

  it('gets an error while the owner builds', async () => {
    const workspace = built()
    const meeting = meetInOther(workspace)
    const build = workspace.start('other')
    await meeting.arrived(build)
    const { code, stderr } = await open(workspace).lbuild('other', '--no-wait')
    expect(stderr).toContain('another lbuild process holds the workspace lock')
    expect(code).toBe(75)
    await meeting.release()
    expect((await build.ended).code).toBe(0)
  })
})
