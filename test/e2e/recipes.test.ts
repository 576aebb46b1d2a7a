// Follows the recipes of docs/recipes.md: each starts from a template, passes `lbuild check`, and builds.
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { checkBoot } from '../../src/vm/bootCheck.ts'
import { Distro, HOME, PATIENT_BOOT } from './support/distro.ts'
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

/** A key of ssh: the line for authorized_keys (RFC 5656, section 3.1), and the private key in PEM. */
function sshKey(): { readonly line: string; readonly pem: string } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const { x = '', y = '' } = publicKey.export({ format: 'jwk' })
  const point = Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')])
  const parts = ['ecdsa-sha2-nistp256', 'nistp256', point].map((part) => Buffer.from(part))
  const blob = Buffer.concat(
    parts.flatMap((part) => [Buffer.from(Uint32Array.of(part.length).buffer).swap32(), part]),
  )
  return {
    line: `ecdsa-sha2-nistp256 ${blob.toString('base64')} ada\n`,
    pem: privateKey.export({ format: 'pem', type: 'sec1' }).toString(),
  }
}

test('a service runs at every boot, and a user logs in with a key', async () => {
  const recipe = 'A service, and a user with an ssh key'
  const directory = `${root}/debian/mydistro`
  mkdirSync(directory, { recursive: true })
  // The store has what the reference distro downloaded.
  execFileSync('cp', [
    '-a',
    '--link',
    '--no-clobber',
    Distro.built().path('cache/objects'),
    ENV.LBUILD_CACHE_DIR,
  ])
  await prepare(directory, [
    `npm install --save-dev '${inject('tarball')}'`,
    'npx lbuild init --template debian',
  ])
  installTypes(directory)
  await new Reader(directory, ENV).follow(stepsOf('recipes.md', recipe))

  const { line, pem } = sshKey()
  writeFileSync(`${directory}/artifacts/overlay/files/home/ada/.ssh/authorized_keys`, line)
  await prepare(directory, ['npx lbuild qcow2'])
  const image = `${directory}/output/mydistro.qcow2`
  const commands = [
    'cat /run/greeting',
    `(umask 077; echo ${Buffer.from(pem).toString('base64')} | base64 -d >/run/key)`,
    'ssh -q -o StrictHostKeyChecking=no -i /run/key ada@127.0.0.1 id -un; ls -ld /home/ada/.ssh',
  ]
  const report = await checkBoot({ ...PATIENT_BOOT, image, firmware: 'uefi', commands })
  expect(report.commands.map(({ output }) => output)).toEqual([
    'Hello from mydistro',
    '',
    expect.stringMatching(/^ada\ndrwx------ \d ada ada /),
  ])
})
