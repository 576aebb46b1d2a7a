// Tests the command line of `lbuild report`.
import { describe, expect, it } from 'vitest'
import type { PageData } from '../../src/report/model.ts'
import { builtTiny } from '../support/tiny.ts'
import type { TestWorkspace } from '../support/workspace.ts'
import { TestWorkspace as Workspace } from '../support/workspace.ts'

const built = builtTiny()

/** The data in the page at a path. */
const dataIn = (workspace: TestWorkspace, path: string): PageData =>
  JSON.parse(/ id="data">(.*?)<\/script>/.exec(workspace.read(path))![1]!) as PageData

describe('lbuild report', () => {
  it('writes the newest build to output/, and nothing else', async () => {
    const workspace = built()
    const before = workspace.state('.')
    const { code, stdout, stderr } = await workspace.lbuild('report')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^wrote the report of the build \d{8}-\S+ to output\/lbuild-report\.html\n$/)
    const data = dataIn(workspace, 'output/lbuild-report.html')
    expect(stdout).toContain(data.build?.id)
    expect(data.nodes.map(({ name }) => name)).toEqual(['packed', 'names', 'image', 'roster', 'other'])
    workspace.remove('output/lbuild-report.html')
    expect(workspace.state('.')).toEqual(before)
  })

  it('writes the build that --build names to the file that -o names', async () => {
    const workspace = built()
    await workspace.lbuild('image', '--disk-size', '7')
    await workspace.lbuild('report', '--build', 'last', '-o', 'last.html')
    const { trends } = dataIn(workspace, 'last.html')
    expect(trends).toHaveLength(2)
    await workspace.lbuild('report', '--build', trends[0]!.id, '-o', 'first.html')
    const first = dataIn(workspace, 'first.html')
    expect(first.build?.id).toBe(trends[0]!.id)
    expect(first.trends.map(({ id }) => id)).toEqual([trends[0]!.id])
    expect(workspace.exists('output/lbuild-report.html')).toBe(false)
  })

  it('needs no valid config, and shows a failed build with its failure', async () => {
    const workspace = built()
    workspace.edit('artifacts/roster.ts', 'inputs.names,', "'/missing',")
    await workspace.lbuild('roster')
    workspace.write('build.config.ts', 'not TypeScript')
    expect((await workspace.lbuild('report')).code).toBe(0)
    const { build, nodes } = dataIn(workspace, 'output/lbuild-report.html')
    expect(build).toMatchObject({ end: 'failed', command: 'lbuild roster' })
    const failed = nodes.find(({ name }) => name === 'roster')
    expect(failed).toMatchObject({ outcome: 'failed' })
    expect(failed!.failure!.headline).toContain('/missing')
  })

  it.each([
    [['--build', 'nope'], "unknown build 'nope'"],
    [['-o', 'missing/page.html'], 'cannot write the report: no such directory'],
    [['-o', 'src'], 'cannot write the report: the path is a directory, not a file'],
  ])('rejects %j', async (args, headline) => {
    const { code, stdout, stderr } = await built().lbuild('report', ...args)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`error: ${headline}\n`)
    expect(stderr).toContain('\n  hint: ')
  })

  it('says how to get a report if nothing was built yet', async () => {
    const { code, stderr } = await new Workspace({ 'build.config.ts': '' }).lbuild('report')
    expect(code).toBe(2)
    expect(stderr).toContain('error: no build is in the log\n  hint: build a target first')
  })
})
