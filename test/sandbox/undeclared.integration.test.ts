// Tests that an error of a producer names the undeclared file that it reads, and how to declare it.
import { describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const producing = (body: string, inputs = ''): Record<string, string> => ({
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { image } from './artifacts/image/index.ts'
export default defineConfig({ artifacts: [image] })
`,
  'artifacts/image/index.ts': `import { readFileSync } from 'node:fs'
import { artifact, file, tree } from 'lbuild'
export const image = artifact('image', {
  inputs: { ${inputs} }, tools: ['cp', 'ls'], outputs: { image: 'image.img' },
  async produce({ outputs, run }) { ${body} },
})
`,
  'artifacts/image/files/motd.txt': 'welcome',
  'notes.txt': 'notes',
})

async function errorOf(files: Record<string, string>): Promise<string> {
  const { code, stderr } = await new TestWorkspace(files).lbuild('image')
  expect(code).toBe(1)
  return stderr
}

describe('the error names the undeclared file', () => {
  it.each([
    [
      'that a tool opens by its path from the root',
      `await run('cp', ['artifacts/image/files/motd.txt', outputs.image])`,
      'artifacts/image/files/motd.txt',
      `inputs: { motd: file('artifacts/image/files/motd.txt') }`,
    ],
    [
      'that is read relative to the module',
      `readFileSync(new URL('./files/motd.txt', import.meta.url))`,
      'artifacts/image/files/motd.txt',
      `inputs: { motd: file('artifacts/image/files/motd.txt') }`,
    ],
    [
      'or directory that a tool lists',
      `await run('ls', ['artifacts/image/files'])`,
      'artifacts/image/files',
      `inputs: { files: tree('artifacts/image/files') }`,
    ],
  ])('%s', async (_, body, path, line) => {
    const stderr = await errorOf(producing(body))
    expect(stderr).toMatch(new RegExp(`not declared: +${path}\n`))
    expect(stderr).toContain(`hint: declare it, because a producer sees only declared files: ${line}`)
  })

  it('that is read by its absolute path', async () => {
    const workspace = new TestWorkspace(producing(''))
    workspace.edit(
      'artifacts/image/index.ts',
      'async produce({ outputs, run }) {',
      `async produce({ outputs, run }) { readFileSync('${workspace.path('notes.txt')}')`,
    )
    const { stderr } = await workspace.lbuild('image')
    expect(stderr).toMatch(/not declared: +notes\.txt\n/)
    expect(stderr).toContain(`only declared files: inputs: { notes: file('notes.txt') }`)
  })

  it('or the input, if a declared file is read at the wrong path', async () => {
    const stderr = await errorOf(
      producing(
        `await run('cp', ['artifacts/image/files/motd.txt', outputs.image])`,
        `files: tree('artifacts/image/files')`,
      ),
    )
    expect(stderr).toMatch(/declared: +artifacts\/image\/files\/motd\.txt, as the input 'files'\n/)
    expect(stderr).toContain('hint: read it from inputs.files')
  })

  it('only if it exists', async () => {
    const stderr = await errorOf(producing(`await run('cp', ['artifacts/image/nothing', outputs.image])`))
    expect(stderr).not.toContain('declared')
  })
})
