// Follows the recipes of docs/recipes.md: each starts from a template, passes `lbuild check`, and builds.
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, inject, test } from 'vitest'
import { HOME } from './support/distro.ts'
import { stepsOf } from './support/document.ts'
import { Reader } from './support/reader.ts'

const root = realpathSync(mkdtempSync(`${tmpdir()}/lbuild-recipes-`))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** One identity for all commits, and one store for all recipes, unless a recipe selects another. */
const ENV = {
  LBUILD_CACHE_DIR: `${root}/store`,
  GIT_AUTHOR_NAME: 'reader',
  GIT_AUTHOR_EMAIL: 'reader@example.com',
  GIT_COMMITTER_NAME: 'reader',
  GIT_COMMITTER_EMAIL: 'reader@example.com',
}

/** Runs commands that prepare a distro. */
async function prepare(directory: string, commands: readonly string[]): Promise<void> {
  await new Reader(directory, ENV).follow(
    commands.map((command) => ({ kind: 'command', command, output: undefined })),
  )
}

/** What `lbuild check` needs to check types, which a distro would install from npm. */
function installTypes(directory: string): void {
  for (const name of ['typescript', '@types', 'undici-types'])
    symlinkSync(join(HOME, 'node_modules', name), `${directory}/node_modules/${name}`)
}

const distro = `${root}/minimal/mydistro`

beforeAll(async () => {
  mkdirSync(distro, { recursive: true })
  const tarball = basename(inject('tarball'))
  copyFileSync(inject('tarball'), `${root}/minimal/${tarball}`)
  await prepare(distro, [
    `npm install --save-dev ../${tarball}`,
    'npx lbuild init --template minimal',
    'npx lbuild qcow2',
    'git init -q',
    'git add .',
    'git commit -q -m distro',
  ])
  installTypes(distro)
})

/** A copy of the template in which the reader follows a recipe. */
async function follow(recipe: string): Promise<void> {
  const directory = `${root}/${recipe}`
  cpSync(`${root}/minimal`, directory, { recursive: true, verbatimSymlinks: true })
  await new Reader(`${directory}/mydistro`, ENV).follow(stepsOf('recipes.md', recipe))
}

test('a C program is compiled, and runs in the image', () => follow('A C program'))

test('another output is a tar.zst and a vmdk, the same in every build', () => follow('Another output'))

test('two worktrees share a store: the second restores what the first built', () => follow('Two worktrees'))

test('the commands for CI check, build and boot a distro', () => follow('CI'))
