// Tests that an invalid call is reported in one message with a hint, and which targets and workspace a call selects.
import { describe, expect, it } from 'vitest'
import { declaring } from '../config/support/configs.ts'
import { TestWorkspace } from '../support/workspace.ts'

const LOCK = `lockfile('debs', { path: 'debs.lock', inputs: {}, tools: [], resolve: () => [], mirrors: () => [] })`

describe('a command line', () => {
  const config = declaring(
    `params: { diskSize: size('1G', 'the size of the disk', '512M') }, inputs: { debs: debs.downloads() }`,
    '',
  )
    .replace('import { artifact', 'import { artifact, lockfile')
    .replace('const other', `const debs = ${LOCK}\nconst other`)
    .replace('[image, other]', '[image, other, debs]')
  const calls: readonly [readonly string[], readonly string[]][] = [
    [[], ['no target given', 'choose one of: image, other']],
    [['imgae'], [`unknown target 'imgae'`, `did you mean 'image'?`]],
    [
      ['image', 'documentation'],
      [`unknown target 'documentation'`, 'choose one of: image, other'],
    ],
    [
      ['image', '--disksize', '1'],
      [`unknown option '--disksize'`, `did you mean '--disk-size'?`],
    ],
    [
      ['image', '--forse'],
      [`unknown option '--forse'`, `did you mean '--force'?`],
    ],
    [
      ['image', '--jsno', '--quiet'],
      [`unknown option '--jsno'`, `did you mean '--json'?`],
    ],
    [
      ['image', '--window'],
      [`unknown option '--window'`, 'option of: lbuild watch, lbuild run', 'see lbuild build --help'],
    ],
    [
      ['why', 'image', '--dif'],
      [`unknown option '--dif'`, `did you mean '--diff'?`],
    ],
    [
      ['why', 'image', '--jobs', '2'],
      [
        `unknown option '--jobs'`,
        'option of: lbuild build, lbuild watch, lbuild verify',
        'see lbuild why --help',
      ],
    ],
    [
      ['status', '--unheard-of'],
      [`unknown option '--unheard-of'`, 'params: --disk-size', 'see lbuild status --help'],
    ],
    [
      ['history', '--jsn'],
      [`unknown option '--jsn'`, `did you mean '--json'?`],
    ],
    [
      ['-C', '.', 'history', '--unheard-of'],
      [`unknown option '--unheard-of'`, 'see lbuild history --help'],
    ],
    [
      ['why', '--last', '--force'],
      ['--last', 'cannot be used with', '--force'],
    ],
    [
      ['why', '--last', '--build', '2026'],
      ['--last', 'cannot be used with', '--build'],
    ],
    [
      ['why', '--last', '--between', '1', '2'],
      ['--last', 'cannot be used with', '--between'],
    ],
    [
      ['why', '--build', '1', '--between', '1', '2'],
      ['--build', 'cannot be used with', '--between'],
    ],
    [
      ['why', '--build', '1', '--force'],
      ['--build', 'cannot be used with', '--force'],
    ],
    [
      ['wy', 'image'],
      [`unknown target 'wy'`, `did you mean the command 'why'?`],
    ],
    [
      ['image', 'wy'],
      [`unknown target 'wy'`, 'choose one of: image, other'],
    ],
    [
      ['image', '--disk-size', '12X'],
      [`cannot read the size '12X'`, 'the size of the disk'],
    ],
    [
      ['image', '--disk-size'],
      ["option '--disk-size' needs a value", 'write --disk-size VALUE'],
    ],
    [['image', '--set', 'diskSize'], ['--set NAME=VALUE']],
    [
      ['image', '--set', 'disksize=1'],
      [`unknown param 'disksize'`, `did you mean 'diskSize'?`],
    ],
    [
      ['image', '--set', 'other.disksize=1'],
      [`unknown param 'other.disksize'`, `did you mean 'image.diskSize'?`],
    ],
    [
      ['image', '--set', 'imgae.disksize=1'],
      [`unknown param 'imgae.disksize'`, `did you mean 'image.diskSize'?`],
    ],
    [['image', '--disk-size', '1M'], [`expected at least 512M, got '1M'`]],
    [
      ['image', '--jobs', '0'],
      ['a whole number of at least 1', 'see lbuild build --help'],
    ],
    [
      ['debs'],
      [`'debs' is a lockfile, not an artifact`, 'build image, or re-resolve it with lbuild update debs'],
    ],
    [
      ['why', 'image.img'],
      [`unknown target 'image.img'`, `name the target 'image', which has this output`],
    ],
    [['status', 'output/other.txt'], [`name the target 'other', which has this output`]],
    [['status', 'imgae'], [`did you mean 'image'?`]],
    [['why', 'imgae'], [`did you mean 'image'?`]],
    [['graph', 'imgae'], [`did you mean 'image'?`]],
  ]

  it('that is invalid is reported in one message with exit code 2', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config })
    for (const [words, expected] of calls) {
      const { code, stderr } = await workspace.lbuild(...words)
      for (const text of expected) expect(stderr, words.join(' ')).toContain(text)
      expect(code, words.join(' ')).toBe(2)
    }
    expect(workspace.exists('output')).toBe(false)
  })

  it('of status or why without targets selects every artifact on which no other depends', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config })
    for (const command of ['status', 'why']) {
      const { code, stdout } = await workspace.lbuild(command, '--json', '--disk-size', '2G')
      expect(JSON.parse(stdout)).toMatchObject({ targets: ['image', 'other'] })
      expect(code).toBe(0)
    }
  })

  it('outside a workspace is reported', async () => {
    const workspace = new TestWorkspace({})
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toContain('there is no build.config.ts here')
    expect(code).toBe(2)
  })

  it('finds the workspace from a directory below it, and by -C', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config, 'deep/er/file': '' })
    const inside = new TestWorkspace({}, workspace.path('deep/er'))
    expect((await inside.lbuild('graph')).stdout).toBe('image\n  debs (lockfile)\nother\n')
    const outside = new TestWorkspace({})
    expect((await outside.lbuild('graph', '-C', workspace.root)).stdout).toBe(
      'image\n  debs (lockfile)\nother\n',
    )
  })
})
