import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const config = (more = ''): string => `import { artifact, defineConfig } from 'lbuild'
const image = artifact('image', {
  env: ['FLAVOUR'], tools: ['stamp'], outputs: { image: 'image.txt' },
  async produce({ outputs, run }) {
    const { stdout } = await run('stamp', [])
    ;(await import('node:fs')).writeFileSync(outputs.image, stdout + ' ' + JSON.stringify(process.env.FLAVOUR ?? null))
  },
})
export default defineConfig({ artifacts: [image], toolPath: ['tools'] ${more} })
`

const workspaceWith = (script: string): TestWorkspace => {
  const workspace = new TestWorkspace({ 'build.config.ts': config() })
  workspace.write('tools/stamp', script, 0o755)
  return workspace
}

it('a declared variable is part of the key: not set, empty and set are three things', async () => {
  const workspace = workspaceWith('#!/bin/sh\nprintf one\n')
  const expected: readonly [string | undefined, string, readonly string[]][] = [
    [undefined, 'one null', ['image']],
    ['', 'one ""', ['image']],
    ['a b', 'one "a b"', ['image']],
    ['', 'one ""', []],
    [undefined, 'one null', []],
  ]
  for (const [value, content, ran] of expected) {
    delete workspace.env['FLAVOUR']
    if (value !== undefined) workspace.env['FLAVOUR'] = value
    expect((await workspace.build('image')).ran, content).toEqual(ran)
    expect(workspace.read('output/image.txt')).toBe(content)
  }
  workspace.env['UNDECLARED'] = 'x'
  expect((await workspace.build('image')).report.artifacts[0]!.outcome).toBe('fresh')
})

describe('the bytes of a tool are part of the key', () => {
  it('other bytes of the same size run the artifact again; the old ones back restore it', async () => {
    const workspace = workspaceWith('#!/bin/sh\nprintf one\n')
    await workspace.build('image')
    workspace.write('tools/stamp', '#!/bin/sh\nprintf two\n')
    const { stdout } = await workspace.lbuild('why', 'image')
    expect(stdout).toContain(`tool stamp changed (${workspace.path('tools/stamp')})`)
    expect((await workspace.build('image')).ran).toEqual(['image'])
    expect(workspace.read('output/image.txt')).toBe('two null')
    workspace.write('tools/stamp', '#!/bin/sh\nprintf one\n')
    const { ran, restored } = await workspace.build('image')
    expect([ran, restored]).toEqual([[], ['image']])
  })

  it('and so are those of the interpreter of a script', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config() })
    workspace.write(
      'tools/sh',
      await import('node:fs').then(({ readFileSync }) => readFileSync('/bin/sh')),
      0o755,
    )
    workspace.write('tools/stamp', `#!${workspace.path('tools/sh')}\nprintf one\n`, 0o755)
    await workspace.build('image')
    workspace.write('tools/sh', Buffer.concat([workspace.bytes('tools/sh'), Buffer.from('\0')]))
    expect((await workspace.build('image')).ran).toEqual(['image'])
  })

  it('a tool that is not there is told with exit code 2 before anything runs', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config() })
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toContain('stamp')
    expect(code).toBe(2)
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
  })

  it('a tool that is not there does not matter while nothing needs it', async () => {
    const workspace = workspaceWith('#!/bin/sh\nprintf one\n')
    await workspace.build('image')
    workspace.write('tools/stamp', '#!/bin/sh\nprintf one\n')
    expect((await workspace.build('image')).ran).toEqual([])
  })
})

it('the time inside outputs is part of the key', async () => {
  const workspace = workspaceWith('#!/bin/sh\nprintf "$SOURCE_DATE_EPOCH"\n')
  await workspace.build('image')
  workspace.write('build.config.ts', config(', epoch: 5'))
  expect((await workspace.build('image')).ran).toEqual(['image'])
  expect(workspace.read('output/image.txt')).toBe('5 null')
})
