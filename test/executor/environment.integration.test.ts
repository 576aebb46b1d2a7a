// Tests that variables, tools and the epoch are part of the key.
import { readFileSync } from 'node:fs'
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

it('the key distinguishes a declared variable that is unset, empty or set', async () => {
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

describe('a tool', () => {
  it('with other bytes of the same size makes the artifact run; with the old bytes it is restored', async () => {
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

  it('that is a script is known by its interpreter, too', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config() })
    workspace.write('tools/sh', readFileSync('/bin/sh'), 0o755)
    workspace.write('tools/stamp', `#!${workspace.path('tools/sh')}\nprintf one\n`, 0o755)
    await workspace.build('image')
    workspace.write('tools/sh', Buffer.concat([workspace.bytes('tools/sh'), Buffer.from('\0')]))
    expect((await workspace.build('image')).ran).toEqual(['image'])
  })

  it('that is missing is reported with exit code 2 before any producer runs', async () => {
    const workspace = new TestWorkspace({ 'build.config.ts': config() })
    const { code, stderr } = await workspace.lbuild('image')
    expect(stderr).toContain('stamp')
    expect(code).toBe(2)
    expect(workspace.verdictState()).toEqual({ objects: {}, records: {}, output: {} })
  })

  it('that is rewritten with the same bytes runs nothing', async () => {
    const workspace = workspaceWith('#!/bin/sh\nprintf one\n')
    await workspace.build('image')
    workspace.write('tools/stamp', '#!/bin/sh\nprintf one\n')
    expect((await workspace.build('image')).ran).toEqual([])
  })
})

it('the epoch is part of the key', async () => {
  const workspace = workspaceWith('#!/bin/sh\nprintf "$SOURCE_DATE_EPOCH"\n')
  await workspace.build('image')
  workspace.write('build.config.ts', config(', epoch: 5'))
  expect((await workspace.build('image')).ran).toEqual(['image'])
  expect(workspace.read('output/image.txt')).toBe('5 null')
})
