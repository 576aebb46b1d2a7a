// Tests that resolving with apt accepts only lists of packages that the keys of the archive have signed.
import { expect, it, describe } from 'vitest'
import { resolvePackages } from '../../src/debian/apt.ts'
import type { LockedFile } from '../../src/api/lockfile.ts'
import { Failure } from '../../src/platform/failure.ts'
import type { Mirror } from '../support/mirror.ts'
import { run, temporary } from '../support/images.ts'
import { archive, PACKAGES, releaseOf, signers } from './support/archive.ts'

const { keyring, sign } = signers()

const byArchive = (text: string): string => sign(text, 'archive')

/** Runs the tools of this host, but with these lines as its configuration of apt. */
const withSettings =
  (settings: string): typeof run =>
  (tool, args, options) =>
    tool === 'apt-config' ? Promise.resolve({ stdout: settings, stderr: '' }) : run(tool, args, options)

/** Resolves the package `hello` from a mirror. */
async function resolve(mirror: Mirror, keys = keyring(), settings = ''): Promise<LockedFile[]> {
  const context = {
    run: withSettings(settings),
    suite: 'bookworm',
    mirror: mirror.url,
    log: () => {},
    previous: [],
    keyring: keys,
  }
  return resolvePackages(
    { ...context, scratch: await temporary() },
    { packages: ['hello'], keep: () => true },
  )
}

/** What a failed resolution reports. */
const reported = async (mirror: Mirror): Promise<string> => {
  const error: unknown = await resolve(mirror).then(
    (files) => new Error(`it pinned ${JSON.stringify(files)}`),
    (thrown: unknown) => thrown,
  )
  return error instanceof Failure
    ? `${error.headline}\n${error.facts.join('\n')}\n${error.tail}`
    : String(error)
}

it('pins what a signed list of packages names', async () => {
  expect(await resolve(await archive(byArchive))).toEqual([
    {
      name: 'hello_2.10-3_amd64.deb',
      package: 'hello',
      version: '2.10-3',
      path: 'debian/pool/main/h/hello/hello_2.10-3_amd64.deb',
      size: 53_084,
      sha256: '1'.repeat(64),
    },
  ])
})

const EVIL = PACKAGES.replace('1'.repeat(64), '2'.repeat(64))

/** Changes the suite `bookworm` only. */
const inMain =
  (files: () => Readonly<Record<string, string | undefined>>) =>
  (suite: string): Readonly<Record<string, string | undefined>> =>
    suite === 'bookworm' ? files() : {}

const DAY = 86_400_000
const dateIn = (days: number): string => new Date(Date.now() + days * DAY).toUTCString().replace('GMT', 'UTC')

describe('a mirror cannot make lbuild pin a package', () => {
  it.each([
    ['without a release file', () => ({ InRelease: undefined }), /does not have a Release file/],
    [
      'from a release file without signature',
      () => ({ InRelease: releaseOf('bookworm', EVIL), 'main/binary-amd64/Packages': EVIL }),
      /NOSPLIT|not signed|signed/,
    ],
    [
      'from a plain Release file',
      () => ({
        InRelease: undefined,
        Release: releaseOf('bookworm', EVIL),
        'main/binary-amd64/Packages': EVIL,
      }),
      /is not signed/,
    ],
    [
      'that a stranger signed',
      () => ({
        InRelease: sign(releaseOf('bookworm', EVIL), 'stranger'),
        'main/binary-amd64/Packages': EVIL,
      }),
      /NO_PUBKEY/,
    ],
    [
      'in a release file that was edited',
      () => ({
        InRelease: byArchive(releaseOf('bookworm', PACKAGES)).replace('Origin: Debian', 'Origin: Dabien'),
      }),
      /BADSIG|invalid signature|not valid/i,
    ],
    ['in an edited list of packages', () => ({ 'main/binary-amd64/Packages': EVIL }), /Hash Sum mismatch/],
    [
      'in a longer list of packages',
      () => ({ 'main/binary-amd64/Packages': `${PACKAGES}${EVIL}` }),
      /unexpected size|Hash Sum mismatch/,
    ],
    [
      'behind a signed part',
      () => ({ InRelease: `${byArchive(releaseOf('bookworm', PACKAGES))}\n${releaseOf('bookworm', EVIL)}` }),
      /Clearsigned|NOSPLIT|not valid|signed/i,
    ],
    [
      'from a release file that has expired',
      () => ({ InRelease: byArchive(releaseOf('bookworm', PACKAGES, { 'Valid-Until': dateIn(-1) })) }),
      /expired/,
    ],
    [
      'from a release file of the future',
      () => ({ InRelease: byArchive(releaseOf('bookworm', PACKAGES, { Date: dateIn(2) })) }),
      /not valid yet/,
    ],
    [
      'from another release that the archive signed',
      () => ({ InRelease: byArchive(releaseOf('sid', PACKAGES)) }),
      /^the mirror does not serve the release 'bookworm'\narchive,debian\nserved,sid/,
    ],
    [
      'from another suite of the release',
      () => ({ InRelease: byArchive(releaseOf('bookworm-backports', PACKAGES)) }),
      /^the mirror does not serve the release 'bookworm'\narchive,debian\nserved,bookworm-backports/,
    ],
  ])('%s', async (_, files, reason) => {
    const mirror = await archive(byArchive, inMain(files))
    expect(await reported(mirror)).toMatch(reason)
  })

  it('if it withholds the suite of security updates', async () => {
    const withheld = await archive(byArchive, (suite) =>
      suite === 'bookworm-security' ? { InRelease: undefined } : {},
    )
    expect(await reported(withheld)).toMatch(/bookworm-security.* does not have a Release file/)
  })
})

it('accepts an expired release if the host tells apt to, for example for a snapshot', async () => {
  const expired = { InRelease: byArchive(releaseOf('bookworm', PACKAGES, { 'Valid-Until': dateIn(-1) })) }
  const mirror = await archive(
    byArchive,
    inMain(() => expired),
  )
  expect(await resolve(mirror, keyring(), 'Acquire::Check-Valid-Until "false";\n')).toHaveLength(1)
})

it('ignores a setting of the host that would skip signatures', async () => {
  const unsigned = { InRelease: undefined, Release: releaseOf('bookworm', PACKAGES) }
  const mirror = await archive(
    byArchive,
    inMain(() => unsigned),
  )
  const settings = 'Acquire::AllowInsecureRepositories "true";\nAPT::Get::AllowUnauthenticated "true";\n'
  await expect(resolve(mirror, keyring(), settings)).rejects.toThrow()
})

it('accepts a release by the name of its suite', async () => {
  const mirror = await archive(
    byArchive,
    inMain(() => ({ InRelease: byArchive(releaseOf('twelve', PACKAGES, { Suite: 'bookworm' })) })),
  )
  expect(await resolve(mirror)).toHaveLength(1)
})

it('reports missing keys', async () => {
  await expect(resolve(await archive(byArchive), '/nonexistent/keys.gpg')).rejects.toMatchObject({
    headline: 'this host lacks the keys of the archive',
    facts: [['missing', '/nonexistent/keys.gpg']],
  })
})
