/**
 * Resolves packages to exact files with apt, independently of the packages on the host.
 * @module lbuild/debian/apt
 */
import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Failure, type LockedFile, type Run } from '../api/index.ts'
import { bestMirror, type Archive } from './sources.ts'

/** The environment of a resolution. */
export interface AptContext {
  readonly run: Run<'apt-get' | 'apt-cache' | 'apt-config'>
  /** The Debian release: `bookworm`. */
  readonly suite: string
  /** The address to download from; empty for the host's own mirror. */
  readonly mirror: string
  /** An empty directory for the state of apt. */
  readonly scratch: string
  readonly log: (line: string) => void
  /** The files of the lockfile; apt keeps to their versions. */
  readonly previous: readonly LockedFile[]
  /** The absolute path of the keys that must have signed the archive; those of Debian on this host by default. */
  readonly keyring?: string
}

/** The packages to resolve. */
export interface AptRequest {
  /** Names, or patterns of apt-patterns(7). */
  readonly packages: readonly string[]
  /** Whether a package that apt would install is part of the result. */
  readonly keep: (name: string) => boolean
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const ARCHITECTURE = 'amd64'

/**
 * Resolves packages and their dependencies to exact files, as apt would install them on an empty system. Versions in
 * `previous` are kept. The mirror need not be trusted: apt checks that the keys have signed each list of packages
 * (apt-secure(8)), and this function that it is the list of the requested release.
 *
 * Throws a Failure when the host lacks the keys of the archive, when the mirror serves another release or sends its lists too
 * slowly, or when it no longer has a version in `previous`; rejects with the output of apt when apt fails.
 */
export async function resolvePackages(context: AptContext, request: AptRequest): Promise<LockedFile[]> {
  const { run, scratch, log, previous } = context
  const { keyring = KEYRING } = context
  await access(keyring).catch(() => {
    throw new Failure('this host lacks the keys of the archive', {
      facts: [['missing', keyring]],
      hint: 'install the package debian-archive-keyring',
    })
  })
  const sources = sourcesOf(context)
  await writeRoot(context, sources, keyring)
  const env = { APT_CONFIG: join(scratch, 'apt.conf') }
  log(`reading the package lists of ${[...new Set(sources.map(({ base }) => base))].join(' and ')}`)
  const update = run('apt-get', ['update', '-qq', '-o', 'APT::Update::Error-Mode=any'], { env })
  await withinTime(update, UPDATE_SECONDS, () => slowFailure(sources))
  await checkReleases(join(scratch, 'state/lists'), sources)
  const install = ['install', '--print-uris', '-y', '-qq', ...request.packages]
  const { stdout: uris } = await run('apt-get', install, { env })
  const paths = [...uris.matchAll(/^'([^']+)' /gm)].map(([, uri = '']) => pathOnMirror(uri, sources))
  const kept = paths.filter((path) => request.keep(packageIn(path)))
  const { stdout } = await run('apt-cache', ['show', ...kept.map(packageIn)], { env })
  const files = lockedFiles(kept, stdout)
  checkVersions(files, previous)
  return files
}

/** One suite of an archive, and the base address to download it from. */
interface Source {
  readonly archive: Archive
  readonly suite: string
  readonly base: string
}

function sourcesOf({ suite, mirror }: AptContext): readonly Source[] {
  const debian = { archive: 'debian', base: bestMirror(mirror, 'debian') } as const
  const security = { archive: 'debian-security', base: bestMirror(mirror, 'debian-security') } as const
  return [
    { ...debian, suite },
    { ...debian, suite: `${suite}-updates` },
    { ...security, suite: `${suite}-security` },
  ]
}

/** How long apt may read the package lists, in seconds. It does not give up a mirror that sends some byte every 30 s. */
const UPDATE_SECONDS = 15 * 60

const slowFailure = (sources: readonly Source[]): Failure =>
  new Failure(`the package lists did not arrive within ${UPDATE_SECONDS / 60} minutes`, {
    facts: [['mirrors', [...new Set(sources.map(({ base }) => base))].join(', ')]],
    hint: 'choose another mirror with the param mirror',
  })

/** The result of some work; throws what `late` returns if that takes longer. */
async function withinTime<T>(work: Promise<T>, seconds: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), seconds * 1000)
  })
  try {
    return await Promise.race([work, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** Writes the configuration and state of a separate apt: no packages installed, and none of the host's sources or hooks. */
async function writeRoot(
  { run, scratch, previous }: AptContext,
  sources: readonly Source[],
  keyring: string,
): Promise<void> {
  const directories = ['state/lists/partial', 'cache/archives/partial', 'etc/preferences.d', 'etc/apt.conf.d']
  await Promise.all(directories.map((name) => mkdir(join(scratch, name), { recursive: true })))
  const lines = sources.map(
    ({ archive, base, suite }) => `deb [signed-by=${keyring}] ${base}/${archive} ${suite} main\n`,
  )
  const pins = previous.map(
    (file) => `Package: ${file.package}\nPin: version ${file.version}\nPin-Priority: 1001\n\n`,
  )
  const { stdout: host } = await run('apt-config', ['dump'])
  const connection = host.split('\n').filter((line) => HOST_SETTINGS.test(line))
  await Promise.all([
    writeFile(join(scratch, 'state/status'), ''),
    writeFile(join(scratch, 'etc/sources.list'), lines.join('')),
    writeFile(join(scratch, 'etc/preferences'), pins.join('')),
    writeFile(join(scratch, 'apt.conf'), [...settings(scratch), ...connection, ''].join('\n')),
  ])
}

/** The settings copied from the host's apt.conf(5): how to reach the network, and whether to trust the clock. */
const HOST_SETTINGS = /^Acquire::(https?|Retries|ForceIPv[46]|Check-Valid-Until|Check-Date)\b/

const settings = (root: string): string[] => [
  `Dir "${root}/";`,
  `Dir::State "${root}/state/";`,
  `Dir::State::status "${root}/state/status";`,
  `Dir::Cache "${root}/cache/";`,
  `Dir::Etc "${root}/etc/";`,
  `APT::Architecture "${ARCHITECTURE}";`,
  `APT::Architectures { "${ARCHITECTURE}"; };`,
  'APT::Install-Recommends "false";',
  'APT::Sandbox::User "root";',
  'Acquire::Languages "none";',
  // The defaults of apt (apt-secure(8)), which a distribution may change.
  'Acquire::AllowInsecureRepositories "false";',
  'Acquire::AllowWeakRepositories "false";',
  'Acquire::AllowDowngradeToInsecureRepositories "false";',
  'APT::Get::AllowUnauthenticated "false";',
]

/**
 * Checks the release files that apt has downloaded and verified into its directory of lists. A mirror may send the signed
 * release file of another suite in place of the requested one; apt only warns about that. Throws a Failure if a release file
 * is missing or has another name.
 */
async function checkReleases(lists: string, sources: readonly Source[]): Promise<void> {
  const names = await readdir(lists)
  for (const { archive, suite } of sources) {
    // apt derives these names from the addresses: slashes become underscores.
    const name = names.find(
      (one) => /_(?:In)?Release$/.test(one) && one.includes(`_${archive}_dists_${suite}_`),
    )
    const release = name === undefined ? '' : await readFile(join(lists, name), 'utf8')
    const served = ['Codename', 'Suite'].map(
      (field) => new RegExp(`^${field}: *(.*)$`, 'm').exec(release)?.[1],
    )
    if (!served.includes(suite))
      throw new Failure(`the mirror does not serve the release '${suite}'`, {
        facts: [
          ['archive', archive],
          ['served', served.find((one) => one !== undefined) ?? 'nothing'],
        ],
        hint: 'check the param suite, or choose another mirror',
      })
  }
}

/** The path of a file on its mirror, which begins with the name of the archive. */
function pathOnMirror(uri: string, sources: readonly Source[]): string {
  const decoded = decodeURIComponent(uri)
  const source = sources.find(({ base, archive }) => decoded.startsWith(`${base}/${archive}/`))
  if (source === undefined)
    throw new Failure('apt printed a file outside its sources', { facts: [['file', decoded]] })
  return decoded.slice(source.base.length + 1)
}

/** The name of the package in a file that is called `NAME_VERSION_ARCHITECTURE.deb`. */
const packageIn = (path: string): string => basename(path).replace(/_.*/, '')

/** Pairs files with their records in the output of `apt-cache show`, by their path in the archive. */
function lockedFiles(paths: readonly string[], records: string): LockedFile[] {
  const byFile = new Map<string, (field: string) => string>()
  for (const record of records.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? ''
    byFile.set(field('Filename'), field)
  }
  const files = paths.map((path) => {
    const field = byFile.get(path.slice(path.indexOf('/') + 1))
    if (!field)
      throw new Failure('apt does not describe a file that it installs', { facts: [['file', path]] })
    return {
      name: basename(path),
      package: field('Package'),
      version: field('Version'),
      path,
      size: Number(field('Size')),
      sha256: field('SHA256'),
    }
  })
  return files.sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Throws a Failure when a file differs from the file that the lockfile pins for its package. */
function checkVersions(files: readonly LockedFile[], previous: readonly LockedFile[]): void {
  const pinned = new Map(previous.map((file) => [file.package, file]))
  const missing = files.flatMap(({ package: name, sha256 }) => {
    const before = pinned.get(name)
    return before && before.sha256 !== sha256 ? [`${name} ${before.version}`] : []
  })
  if (missing.length > 0)
    throw new Failure(
      `the mirror no longer has ${missing.length === 1 ? 'a pinned version' : `${missing.length} pinned versions`}`,
      { facts: [['missing', missing.join(', ')]], hint: 'run `lbuild update` to pin the current versions' },
    )
}
