// Checks that docs/api/ documents the library as it is.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The pages below a directory, by name. */
const pages = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => [name, readFileSync(`${directory}/${name}`, 'utf8')]),
  )

it('the API reference matches the docstrings; `npm run api` regenerates it', () => {
  const out = temporaryDirectory()
  execFileSync(
    'npx',
    ['typedoc', '--tsconfig', 'tsconfig.package.json', '--out', out, '--logLevel', 'Error'],
    {
      cwd: ROOT,
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  )
  expect(pages(`${ROOT}/docs/api`)).toEqual(pages(out))
})
