// Tests that a bundle names every file that it was made of, with the digest of the bytes that were compiled.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { bundleConfig } from '../../src/config/bundle.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { TestWorkspace } from '../support/workspace.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

const bundle = ({ root }: TestWorkspace) =>
  bundleConfig(realDisk, {
    root,
    home: HOME,
    cache: `${root}/cache`,
    output: `${root}/output`,
  })

it('scripts, JSON and texts go in with the digest of the bytes that were compiled', async () => {
  const files = {
    'build.config.ts': `import data from './data.json'
import words from './words.txt'
import list from './packages.list' with { type: 'text' }
import { one } from './lib/one.js'
export default { artifacts: [], data, words, list, one }
`,
    'data.json': '{ "value": 1 }\n',
    'words.txt': 'some words\n',
    'packages.list': 'bash\n',
    'lib/one.js': 'export const one = 1\n',
  }
  const workspace = new TestWorkspace(files)
  const { modules, text } = await bundle(workspace)
  expect(Object.fromEntries([...modules].map(([label, { digest }]) => [label, digest]))).toEqual(
    Object.fromEntries(Object.keys(files).map((path) => [path, sha256(readFileSync(workspace.path(path)))])),
  )
  for (const one of [/"?value"?: 1/, /some words/, /bash/]) expect(text).toMatch(one)
})

it('a file of an unknown kind is an error that names it', async () => {
  const workspace = new TestWorkspace({
    'build.config.ts': `import logo from './logo.bmp'\nexport default logo\n`,
    'logo.bmp': 'BM',
  })
  await expect(bundle(workspace)).rejects.toMatchObject({
    headline: 'cannot compile build.config.ts',
    tail: expect.stringContaining('logo.bmp'),
  })
})
