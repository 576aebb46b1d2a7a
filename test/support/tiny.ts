// A small distro with the shape of a real one.
import { beforeAll } from 'vitest'
import { Meeting } from './meeting.ts'
import { templateOf } from './templates.ts'
import type { TestWorkspace } from './workspace.ts'

/**
 * A small distro. `names` sees a tree but writes only its names, which shows early cutoff; `image` depends on two
 * artifacts; `other` depends on none.
 */
export const TINY: Readonly<Record<string, string>> = {
  'build.config.ts': `import { defineConfig } from 'lbuild'
import { names } from './artifacts/names.ts'
import { packed } from './artifacts/packed.ts'
import { image } from './artifacts/image.ts'
import { roster } from './artifacts/roster.ts'
import { other } from './artifacts/other.ts'

export default defineConfig({ artifacts: [image, names, packed, roster, other] })
`,
  'artifacts/names.ts': `import { readdirSync, writeFileSync } from 'node:fs'
import { artifact, tree } from 'lbuild'

export const names = artifact('names', {
  inputs: { src: tree('src') },
  outputs: { names: { internal: 'names' } },
  produce({ inputs, outputs }) {
    writeFileSync(outputs.names, readdirSync(inputs.src, { recursive: true }).sort().join(' '))
  },
})
`,
  'artifacts/packed.ts': `import { artifact, tree } from 'lbuild'

export const packed = artifact('packed', {
  inputs: { src: tree('src') },
  tools: ['tar'],
  outputs: { tar: { internal: 'packed.tar' } },
  async produce({ inputs, outputs, run }) {
    await run('tar', ['--sort=name', '--owner=0', '--group=0', '-cf', outputs.tar, '-C', inputs.src, '.'])
  },
})
`,
  'artifacts/image.ts': `import { artifact, integer, text } from 'lbuild'
import { names } from './names.ts'
import { packed } from './packed.ts'
import { writeImage } from './imageHelper.ts'

export const image = artifact('image', {
  inputs: { tar: packed.output('tar'), names: names.output('names') },
  params: { title: text('tiny'), diskSize: integer(1) },
  outputs: { image: 'tiny.img' },
  produce: ({ inputs, outputs, params }) => writeImage(outputs.image, inputs.tar, params),
})
`,
  'artifacts/imageHelper.ts': `import { readFileSync, writeFileSync } from 'node:fs'

export function writeImage(to: string, tar: string, params: { title: string; diskSize: number }): void {
  writeFileSync(to, Buffer.concat([Buffer.from(JSON.stringify(params)), readFileSync(tar)]))
}
`,
  'artifacts/roster.ts': `import { copyFileSync } from 'node:fs'
import { artifact } from 'lbuild'
import { names } from './names.ts'

export const roster = artifact('roster', {
  inputs: { names: names.output('names') },
  outputs: { roster: 'docs/roster.txt' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.names, outputs.roster),
})
`,
  'artifacts/other.ts': `import { copyFileSync } from 'node:fs'
import { artifact, file } from 'lbuild'

export const other = artifact('other', {
  inputs: { note: file('note.txt') },
  outputs: { note: 'other.txt' },
  produce: ({ inputs, outputs }) => copyFileSync(inputs.note, outputs.note),
})
`,
  'src/hello': 'hello\n',
  'src/second': 'second\n',
  'src/etc/motd': 'welcome\n',
  'note.txt': 'a note\n',
}

/** The artifacts of {@link TINY} on which no other depends. */
export const TINY_TARGETS = ['image', 'roster', 'other'] as const

/** Builds {@link TINY} before the tests of a file; the result gives each test its own copy. */
export const builtTiny = (): (() => TestWorkspace) => builtOnce('tiny', TINY, TINY_TARGETS)

/** Builds targets of a distro, once in a run of tests, before the tests of a file; the result gives each test its own copy. */
export function builtOnce(
  name: string,
  files: Readonly<Record<string, string>>,
  targets: readonly string[],
): () => TestWorkspace {
  let template: TestWorkspace
  beforeAll(async () => {
    template = await templateOf(name, async (workspace) => {
      workspace.writeAll(files)
      await workspace.succeed(...targets)
    })
  })
  return () => template.copy()
}

/** Makes the producer of `other` come to a meeting after it has written its output. */
export function meetInOther(workspace: TestWorkspace): Meeting {
  workspace.edit('build.config.ts', 'artifacts:', "toolPath: ['tools'], artifacts:")
  workspace.edit('artifacts/other.ts', 'inputs:', "tools: ['meet'], inputs:")
  workspace.edit('artifacts/other.ts', '({ inputs, outputs }) =>', 'async ({ inputs, outputs, run }) => {')
  workspace.edit('artifacts/other.ts', 'outputs.note),', "outputs.note); await run('meet', []) },")
  return new Meeting(workspace)
}
