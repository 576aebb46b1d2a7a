// A small distro that was built, in which tests plant changes and run `lbuild why`.
import { symlinkSync } from 'node:fs'
import { expect } from 'vitest'
import type { ExplainedCause } from '../../../src/planner/evidence.ts'
import { templateOf } from '../../support/templates.ts'
import type { TestWorkspace } from '../../support/workspace.ts'

export const DISTRO: Readonly<Record<string, string>> = {
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { image } from './artifacts/image.ts'
import { fetched, part } from './artifacts/part.ts'

export default defineConfig({
  artifacts: [fetched, part, image],
  params: { 'image.title': 'first', 'image.table': { a: 1 } },
  epoch: 1000000000,
  toolPath: ['tools'],
})
`,
  'artifacts/part.ts': `import { readFileSync, writeFileSync } from 'node:fs'
import { artifact, file, lockfile, text, tree } from 'lbuild'
import { joined } from './helper.ts'

export const fetched = lockfile('fetched', {
  path: 'fetched.lock',
  inputs: { list: file('fetched.list') },
  params: { suite: text('stable') },
  tools: [],
  resolve: async ({ inputs }) => readFileSync(inputs.list, 'utf8') === 'none\\n' ? [] : [],
  mirrors: () => [],
})

export const part = artifact('part', {
  inputs: {
    note: file('note.txt'), script: file('script'), src: tree('src'), maybe: file('maybe.txt', { optional: true }),
    perhaps: file('perhaps.txt', { optional: true }), debs: fetched.downloads(),
  },
  env: ['EDITION', 'OTHER'],
  tools: ['stamp'],
  outputs: { part: { internal: 'part.txt' } },
  async produce({ inputs, outputs, run }) {
    writeFileSync(outputs.part, joined(readFileSync(inputs.note, 'utf8'), (await run('stamp', [])).stdout))
  },
})
`,
  'artifacts/helper.ts': `import { comma } from './deep.ts'
export const joined = (a: string, b: string): string => a + comma + b
`,
  'artifacts/deep.ts': `export const comma = ','\n`,
  'artifacts/image.ts': `import { copyFileSync } from 'node:fs'
import { artifact, data, size, text } from 'lbuild'
import { part } from './part.ts'

export const image = artifact('image', {
  inputs: { part: part.output('part') },
  params: { title: text('none'), table: data<unknown>({}), diskSize: size('1G') },
  outputs: { image: 'image.img' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.part, outputs.image),
})
`,
  'fetched.list': 'none\n',
  'note.txt': 'one\ntwo\n',
  script: '#!/bin/sh\n',
  'perhaps.txt': 'perhaps',
  'src/hello': 'hello\n',
  'src/second': 'second\n',
  'src/deep/file': 'deep\n',
}

export const STAMP =
  '#!/bin/sh\n# stamp 1.2.3\ncase "$1" in --version) echo stamp 1.2.3 ;; *) echo stamped ;; esac\n'

/** The variables that builds of the distro get. */
const ENVIRONMENT = { EDITION: 'home' }

let template: TestWorkspace

/** Builds the distro once in a run of tests; call it in `beforeAll`. */
export async function buildTemplate(): Promise<void> {
  template = await templateOf('explained', async (workspace) => {
    workspace.writeAll(DISTRO)
    workspace.write('tools/stamp', STAMP, 0o755)
    symlinkSync('hello', workspace.path('src/link'))
    Object.assign(workspace.env, ENVIRONMENT)
    await workspace.succeed('image')
  })
}

/** A copy of the built distro. */
export function builtCopy(): TestWorkspace {
  const workspace = template.copy()
  Object.assign(workspace.env, ENVIRONMENT)
  return workspace
}

/** Changes a workspace. */
export type Plant = (workspace: TestWorkspace) => Promise<unknown> | void

interface Answer {
  readonly causes: readonly ExplainedCause[]
  /** The output as text, in lines. */
  readonly text: readonly string[]
}

/** Plants a change in a copy of the built distro, and runs `lbuild why image` there. */
export async function why(plant: Plant, ...args: string[]): Promise<Answer> {
  const workspace = builtCopy()
  await plant(workspace)
  const [json, text] = [
    await workspace.lbuild('why', 'image', '--json', ...args),
    await workspace.lbuild('why', 'image', ...args),
  ]
  expect([json.code, text.code, text.stderr]).toEqual([0, 0, ''])
  return { causes: (JSON.parse(json.stdout) as Answer).causes, text: text.stdout.split('\n') }
}

export const write =
  (path: string, content: string) =>
  (workspace: TestWorkspace): void =>
    workspace.write(path, content)
export const remove =
  (path: string) =>
  (workspace: TestWorkspace): void =>
    workspace.remove(path)
