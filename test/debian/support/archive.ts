// A Debian archive on a local HTTP server, signed with keys of the test.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { beforeAll } from 'vitest'
import type { Mirror } from '../../support/mirror.ts'
import { honest } from '../../support/mirror.ts'
import { TestWorkspace } from '../../support/workspace.ts'

/** The owners of the test's keys. */
export type Signer = 'archive' | 'stranger'

/** Keys of two owners, made once for a file of tests. */
export function signers(): { readonly keyring: () => string; sign(text: string, by: Signer): string } {
  let home = ''
  const gpg = (args: readonly string[], input = ''): Buffer =>
    execFileSync('gpg', ['--batch', '--quiet', '--homedir', `${home}/gpg`, '--passphrase', '', ...args], {
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
    })
  beforeAll(() => {
    home = TestWorkspace.lasting()
    mkdirSync(`${home}/gpg`, { mode: 0o700 })
    for (const owner of ['archive', 'stranger'])
      gpg(['--quick-gen-key', `${owner} <${owner}@example.org>`, 'ed25519', 'sign', 'never'])
    writeFileSync(`${home}/archive.gpg`, gpg(['--export', 'archive@example.org']))
  })
  return {
    keyring: () => `${home}/archive.gpg`,
    sign: (text, by) => gpg(['--local-user', `${by}@example.org`, '--clearsign'], text).toString(),
  }
}

/** The list of packages of the archive: one package, `hello`. */
export const PACKAGES = `Package: hello
Version: 2.10-3
Architecture: amd64
Maintainer: x <x@example.org>
Filename: pool/main/h/hello/hello_2.10-3_amd64.deb
Size: 53084
SHA256: ${'1'.repeat(64)}
Description: says hello

`

/** The release file of a suite with a list of packages. `fields` replace its fields. */
export function releaseOf(
  suite: string,
  packages: string,
  fields: Readonly<Record<string, string>> = {},
): string {
  const digest = createHash('sha256').update(packages).digest('hex')
  const all = {
    Origin: 'Debian',
    Suite: `old${suite}`,
    Codename: suite,
    Date: new Date(Date.now() - 3_600_000).toUTCString().replace('GMT', 'UTC'),
    Architectures: 'amd64',
    Components: 'main',
    ...fields,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\n`)
  return `${lines.join('')}SHA256:\n ${digest} ${packages.length} main/binary-amd64/Packages\n`
}

/** The suites of the release `bookworm`, by the directory of their archive. */
const SUITES = [
  ['debian', 'bookworm'],
  ['debian', 'bookworm-updates'],
  ['debian-security', 'bookworm-security'],
] as const

/**
 * Serves an archive. `change` returns the files of a suite that differ, by their name below the suite's directory; undefined
 * removes a file.
 */
export function archive(
  sign: (text: string) => string,
  change: (suite: string) => Readonly<Record<string, string | undefined>> = () => ({}),
): Promise<Mirror> {
  const files: Record<string, string> = {}
  for (const [name, suite] of SUITES) {
    const packages = suite === 'bookworm' ? PACKAGES : ''
    const own: Readonly<Record<string, string | undefined>> = {
      InRelease: sign(releaseOf(suite, packages)),
      'main/binary-amd64/Packages': packages,
      ...change(suite),
    }
    for (const [path, content] of Object.entries(own))
      if (content !== undefined) files[`/${name}/dists/${suite}/${path}`] = content
  }
  return honest(files)
}
