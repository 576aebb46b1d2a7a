// Tests that a run sees exactly the files of its tools that its key covers, and that `why` names the one that changed.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

/** An artifact that writes what the tool `gen` prints, in a workspace with the directories of tools `bin` and `scripts`. */
function workspaceWith(files: Readonly<Record<string, string>>): TestWorkspace {
  const workspace = new TestWorkspace({
    'build.config.ts': `import { writeFileSync } from 'node:fs'
import { artifact, defineConfig } from 'lbuild'
const page = artifact('page', { tools: ['gen'], outputs: { page: 'page.txt' },
  async produce({ outputs, run }) { writeFileSync(outputs.page, (await run('gen', [])).stdout) } })
export default defineConfig({ artifacts: [page], toolPath: ['bin', 'scripts'] })
`,
    ...files,
  })
  for (const path of Object.keys(files))
    fs.chmodSync(workspace.path(path), path.endsWith('.txt') ? 0o644 : 0o755)
  return workspace
}

const GEN = '#!/bin/sh\ncat "${0%/*}/words.txt"\n'

/** Builds, makes a change, and returns what ran then and the output. */
async function after(
  workspace: TestWorkspace,
  change: () => void,
): Promise<readonly [readonly string[], string]> {
  expect((await workspace.build('page')).ran).toEqual(['page'])
  expect((await workspace.build('page')).ran).toEqual([])
  change()
  const { ran } = await workspace.build('page')
  return [ran, workspace.read('output/page.txt')]
}

describe('an artifact runs again', () => {
  it.each([
    [
      'a file beside its tool',
      { 'scripts/gen': GEN, 'scripts/words.txt': 'one' },
      'scripts/words.txt',
      'two',
    ],
    [
      'a file in a directory beside its tool',
      { 'scripts/gen': '#!/bin/sh\ncat "${0%/*}/data/deep/x.txt"\n', 'scripts/data/deep/x.txt': 'one' },
      'scripts/data/deep/x.txt',
      'two',
    ],
    [
      'a file beside an interpreter of its tool',
      { 'bin/gen': '#!/usr/bin/env words\n', 'scripts/words': GEN, 'scripts/words.txt': 'one' },
      'scripts/words.txt',
      'two',
    ],
    [
      'an interpreter of an interpreter',
      {
        'bin/gen': '#!/usr/bin/env -S N=1 outer -x\n',
        'scripts/outer': '#!/usr/bin/env inner\n',
        'scripts/inner': '#!/bin/sh\nprintf one\n',
      },
      'scripts/inner',
      '#!/bin/sh\nprintf two\n',
    ],
    [
      'the file outside of toolPath that its tool is a link to',
      { 'src/gen': '#!/bin/sh\nprintf one\n' },
      'src/gen',
      '#!/bin/sh\nprintf two\n',
    ],
  ])('if this changes: %s', async (what, files, path, content) => {
    const workspace = workspaceWith(files)
    if (what.includes('link')) {
      fs.mkdirSync(workspace.path('bin'))
      fs.symlinkSync('../src/gen', workspace.path('bin/gen'))
    }
    expect(await after(workspace, () => workspace.write(path, content))).toEqual([['page'], 'two'])
    const { stdout } = await workspace.lbuild('why', 'page', '--last')
    expect(stdout).toContain('tool gen changed')
  })

  it.each([
    ['bin/words', { 'scripts/gen': '#!/usr/bin/env words\n', 'scripts/words': '#!/bin/sh\nprintf one\n' }],
    ['bin/gen', { 'scripts/gen': '#!/bin/sh\nprintf one\n' }],
  ])('if a program appears that comes first on the search path: %s', async (path, files) => {
    const workspace = workspaceWith({ 'bin/other.txt': '', ...files })
    expect(await after(workspace, () => workspace.write(path, '#!/bin/sh\nprintf two\n', 0o755))).toEqual([
      ['page'],
      'two',
    ])
  })
})

describe('a program of toolPath that an artifact does not declare', () => {
  const files = { 'scripts/gen': '#!/bin/sh\nhelper\n', 'scripts/helper': '#!/bin/sh\nprintf one\n' }

  it('is hidden from it', async () => {
    const { code, stderr } = await workspaceWith(files).lbuild('page')
    expect(stderr).toContain('helper: not found')
    expect(stderr).toMatch(/not declared: +the program helper\n/)
    expect(stderr).toContain("tools: [ …, 'helper' ]")
    expect(code).toBe(1)
  })

  it('is named by the error if a script lacks it as a module', async () => {
    const { stderr } = await workspaceWith({
      'bin/gen': '#!/bin/sh\necho "ModuleNotFoundError: No module named \'common\'" >&2; exit 1\n',
      'bin/common.py': '#!/usr/bin/env python3\n',
    }).lbuild('page')
    expect(stderr).toContain("tools: [ …, 'common.py' ]")
  })

  it('is seen by it and covered by its key once it is declared', async () => {
    const workspace = workspaceWith(files)
    workspace.edit('build.config.ts', "['gen']", "['gen', 'helper']")
    expect(
      await after(workspace, () => workspace.write('scripts/helper', '#!/bin/sh\nprintf two\n')),
    ).toEqual([['page'], 'two'])
  })

  it('changes without a run', async () => {
    const workspace = workspaceWith({ ...files, 'scripts/gen': '#!/bin/sh\nprintf one\n' })
    expect(
      await after(workspace, () => workspace.write('scripts/helper', '#!/bin/sh\nprintf two\n')),
    ).toEqual([[], 'one'])
  })

  it('is hidden, with everything beside it, from artifacts without tools', async () => {
    const workspace = workspaceWith({ 'scripts/gen': GEN, 'scripts/words.txt': 'one' })
    workspace.edit('build.config.ts', "tools: ['gen'], ", '')
    workspace.edit('build.config.ts', 'import { writeFileSync }', 'import { existsSync, writeFileSync }')
    workspace.edit(
      'build.config.ts',
      "(await run('gen', [])).stdout",
      "String(existsSync(process.env.PATH.split(':')[1]))",
    )
    await workspace.build('page')
    expect(workspace.read('output/page.txt')).toBe('false')
  })
})

it('a tool sees the same paths in every workspace', async () => {
  const files = {
    'bin/gen': '#!/bin/sh\necho "$0 $PATH"; readlink "${0%/*}/link.txt"\n',
    'data/file.txt': '',
  }
  const outputs: string[] = []
  for (const workspace of [workspaceWith(files), workspaceWith(files)]) {
    fs.symlinkSync(workspace.path('data/file.txt'), workspace.path('bin/link.txt'))
    await workspace.build('page')
    outputs.push(workspace.read('output/page.txt'))
  }
  expect(outputs[0]).toMatch(
    /^\/workspace\/bin\/gen \/workspace\/bin:\/workspace\/scripts:\/usr.*\n\/workspace\/data\/file.txt\n$/,
  )
  expect(outputs[1]).toBe(outputs[0])
})

it('a script that names its interpreter by an absolute path finds it', async () => {
  const workspace = workspaceWith({ 'scripts/words': '#!/bin/sh\nprintf one\n' })
  workspace.write('bin/gen', `#!${workspace.path('scripts/words')}\n`, 0o755)
  await workspace.build('page')
  expect(workspace.read('output/page.txt')).toBe('one')
})

it('errors show the paths of tools on the host', async () => {
  const workspace = workspaceWith({ 'bin/gen': '#!/bin/sh\n"$0.missing"\n' })
  const { stderr } = await workspace.lbuild('page')
  expect(stderr).toContain(`${workspace.path('bin/gen')}.missing: not found`)
})

describe('why names the file of a tool that changed', () => {
  const script = '#!/usr/bin/env sh2\ncat "${1%/*}/words.txt"\n'

  it.each([
    ['scripts/words.txt', 'two', 'scripts/words.txt: content'],
    ['scripts/gen', `${script}# edited\n`, 'scripts/gen: content'],
    ['scripts/more.txt', 'more', 'scripts/more.txt: added'],
    ['bin/sh2', '#!/bin/sh\n# edited\n. "$1"\n', 'bin/sh2: content'],
  ])('%s', async (path, content, line) => {
    const workspace = workspaceWith({
      'bin/sh2': '#!/bin/sh\n. "$1"\n',
      'scripts/gen': script,
      'scripts/words.txt': 'one',
    })
    await workspace.build('page')
    for (const old of ['scripts/gen', 'bin/sh2'])
      fs.utimesSync(workspace.path(old), 1_000_000_000, 1_000_000_000)
    workspace.write(path, content)
    const { stdout } = await workspace.lbuild('why', 'page')
    expect(stdout).toContain(
      `tool gen changed (${workspace.path('scripts/gen')})\n  ${line}\n  edited just now\n`,
    )
    const explained = JSON.parse((await workspace.lbuild('why', 'page', '--json')).stdout)
    expect(explained.causes[0].evidence.entries.map((entry: { path: string }) => entry.path)).toEqual([path])
    expect((await workspace.lbuild('why', 'page', path)).stdout).toContain(`${path} influences page`)
    await workspace.build('page')
    expect((await workspace.lbuild('why', 'page', '--last')).stdout).toContain(line)
  })
})

describe('a tool that cannot run is refused with exit code 2', () => {
  it.each([
    ['#!/bin/sh\r\nprintf one\r\n', 'ends with a carriage return', "sed -i 's/\\r$//'"],
    ['#!/usr/bin/env nosuchprogram\n', 'its interpreter is missing', 'nosuchprogram'],
    ['#!/usr/bin/env -S PATH=/x gen2\n', 'leaves open which program env starts', 'env NAME'],
  ])('%j', async (script, problem, hint) => {
    const { code, stderr } = await workspaceWith({ 'bin/gen': script }).lbuild('page')
    expect(stderr).toContain(problem)
    expect(stderr).toContain(hint)
    expect(code).toBe(2)
  })

  it('because its directory contains the cache', async () => {
    const workspace = workspaceWith({ 'bin/gen': GEN, 'bin/words.txt': 'one' })
    workspace.edit('build.config.ts', "['bin', 'scripts']", "['.']")
    const { code, stderr } = await workspace.lbuild('page')
    expect(stderr).toContain(`the tool directory ${workspace.root} contains files that lbuild writes`)
    expect(code).toBe(2)
  })
})
