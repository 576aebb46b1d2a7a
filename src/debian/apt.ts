import { access, mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { text, type LockedFile, type ResolveContext } from '../api/index.ts'
import { ImageError } from '../images/error.ts'
import { parseList } from '../images/modules.ts'
import { ARCHIVES, mirrorsFor, type Archive } from './sources.ts'

/** Where packages are to come from; of these, only `suite` says what they are. */
export const aptParams = {
  suite: text('bookworm', 'the Debian release'),
  mirror: text(
    '',
    "the address above debian/ and debian-security/; empty for the host's own, or deb.debian.org",
  ),
}

/** The params that name a place, for `mirrorParams`. */
export const aptMirrorParams = ['mirror'] as const

/** The tools that resolvePackages runs. */
export const aptTools = ['apt-get', 'apt-cache', 'apt-config'] as const

type Context = Pick<
  ResolveContext<Record<never, never>, typeof aptParams, (typeof aptTools)[number]>,
  'run' | 'params' | 'scratch' | 'log' | 'previous'
>

/** What is to be resolved. */
export interface Wanted {
  /** A file with the names of packages. */
  readonly list: string
  /** Names or patterns of apt-patterns(7) to take besides. */
  readonly also?: readonly string[]
  /** Which of the packages that are found go into the lock. */
  readonly keep: (name: string) => boolean
}

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg'
const ARCHITECTURE = 'amd64'

/**
 * Finds the exact files of some packages and of all that they need, by apt itself, as on a system with nothing
 * installed. Versions that the lock names are kept.
 *
 * Throws an ImageError when the archive's keys are not on the host, or when the mirror no longer has a version that
 * the lock names; rejects with apt's own words when it fails.
 */
export async function resolvePackages(context: Context, wanted: Wanted): Promise<LockedFile[]> {
  const { run, scratch, log, previous } = context
  const bases = await writeRoot(context)
  const env = { APT_CONFIG: join(scratch, 'apt.conf') }
  log(`reading the package lists of ${[...new Set(Object.values(bases))].join(' and ')}`)
  await run('apt-get', ['update', '-qq', '-o', 'APT::Update::Error-Mode=any'], { env })
  const names = parseList(await readFile(wanted.list, 'utf8'))
  const { stdout: uris } = await run(
    'apt-get',
    ['install', '--print-uris', '-y', '-qq', ...(wanted.also ?? []), ...names],
    { env },
  )
  const paths = [...uris.matchAll(/^'([^']+)' /gm)].map(([, uri]) => pathOnMirror(uri!, bases))
  const kept = paths.filter((path) => wanted.keep(packageOf(path)))
  const { stdout } = await run('apt-cache', ['show', ...kept.map(packageOf)], { env })
  const files = lockedFiles(kept, stdout)
  assertKept(files, previous)
  return files
}

/** Makes an apt of its own: no packages installed, one release, none of the host's sources or hooks. */
async function writeRoot({ run, params, scratch, previous }: Context): Promise<Record<Archive, string>> {
  await access(KEYRING).catch(() => {
    throw new ImageError(
      'the keys of the Debian archive are not on this host',
      { missing: KEYRING },
      'install debian-archive-keyring',
    )
  })
  const directories = ['state/lists/partial', 'cache/archives/partial', 'etc/preferences.d', 'etc/apt.conf.d']
  await Promise.all(directories.map((name) => mkdir(join(scratch, name), { recursive: true })))
  const bases = Object.fromEntries(
    ARCHIVES.map((archive) => [archive, mirrorsFor(params.mirror, archive)[0]!]),
  ) as Record<Archive, string>
  const { suite } = params
  const suites: [Archive, string][] = [
    ['debian', suite],
    ['debian', `${suite}-updates`],
    ['debian-security', `${suite}-security`],
  ]
  const sources = suites.map(
    ([archive, name]) => `deb [signed-by=${KEYRING}] ${bases[archive]}/${archive} ${name} main\n`,
  )
  const pins = previous.map(
    (file) => `Package: ${file.package}\nPin: version ${file.version}\nPin-Priority: 1001\n\n`,
  )
  const { stdout: host } = await run('apt-config', ['dump'])
  const connection = host.split('\n').filter((line) => HOST_SETTINGS.test(line))
  await Promise.all([
    writeFile(join(scratch, 'state/status'), ''),
    writeFile(join(scratch, 'etc/sources.list'), sources.join('')),
    writeFile(join(scratch, 'etc/preferences'), pins.join('')),
    writeFile(join(scratch, 'apt.conf'), [...settings(scratch), ...connection, ''].join('\n')),
  ])
  return bases
}

/** What is taken over from the host's apt.conf(5): how to reach the network, and whether its clock can be trusted. */
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
]

function pathOnMirror(uri: string, bases: Record<Archive, string>): string {
  const decoded = decodeURIComponent(uri)
  for (const archive of ARCHIVES)
    if (decoded.startsWith(`${bases[archive]}/${archive}/`)) return decoded.slice(bases[archive].length + 1)
  throw new ImageError('apt names a file that is not of its sources', { file: decoded })
}

/** The name of the package in a file; files are called `NAME_VERSION_ARCHITECTURE.deb`. */
const packageOf = (path: string): string => basename(path).split('_')[0]!

/** Pairs files with the records that describe them, by their place in the archive. */
function lockedFiles(paths: readonly string[], records: string): LockedFile[] {
  const byFile = new Map<string, (field: string) => string>()
  for (const record of records.split(/\n\n+/)) {
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(record)?.[1] ?? ''
    byFile.set(field('Filename'), field)
  }
  const files = paths.map((path) => {
    const field = byFile.get(path.slice(path.indexOf('/') + 1))
    if (!field) throw new ImageError('apt does not describe a file that it would install', { file: path })
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

/** Sees to it that no package is of another version, or another file, than the lock says. */
function assertKept(files: readonly LockedFile[], previous: readonly LockedFile[]): void {
  const before = new Map(previous.map((file) => [file.package, file]))
  const gone = files.flatMap(({ package: name, sha256 }) => {
    const locked = before.get(name)
    return locked && locked.sha256 !== sha256 ? [`${name} ${locked.version}`] : []
  })
  if (gone.length > 0)
    throw new ImageError(
      `the mirror no longer has ${gone.length === 1 ? 'a version' : `${gone.length} versions`} that the lock names`,
      { gone: gone.join(', ') },
      'run `lbuild update` to lock the versions of today',
    )
}
