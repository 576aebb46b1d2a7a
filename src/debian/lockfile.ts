/**
 * Declares lockfiles that apt resolves from a list of packages.
 * @module lbuild/debian/lockfile
 */
import { readFile } from 'node:fs/promises'
import { file, lockfile, text, type FileInput, type Lockfile } from '../api/index.ts'
import { parseList } from '../images/kernelModules.ts'
import { resolvePackages } from './apt.ts'
import { archiveOf, mirrorsFor } from './sources.ts'

/** The lockfile to declare. */
export interface AptLockfileOptions {
  /** The path of the lockfile in the workspace. */
  readonly path: string
  /** The path of a file with the names of packages, one per line; comments start with `#`. */
  readonly list: string
  /**
   * The path of a file with the keys that must have signed the archive, in the binary format of `gpg --export`. By default
   * these are Debian's keys on the host that resolves: `/usr/share/keyrings/debian-archive-keyring.gpg`.
   */
  readonly keyring?: string
  /** Names or patterns of apt-patterns(7) to install in addition. */
  readonly include?: readonly string[]
  /** Whether a package goes into the lockfile; all packages that apt would install do by default. */
  readonly keep?: (name: string, listed: ReadonlySet<string>) => boolean
}

/**
 * Declares a lockfile of the packages of a list and everything that they depend on, without recommendations. It adds
 * the params `suite`, the Debian release, and `mirror`, the address to download from.
 */
export const aptLockfile = (name: string, options: AptLockfileOptions): Lockfile =>
  lockfile(name, {
    path: options.path,
    inputs: { list: file(options.list), ...keyringOf(options) },
    params: {
      suite: text(
        'bookworm',
        'the Debian release; a build with another release than that of the lockfiles rewrites them',
      ),
      mirror: text(
        '',
        'the URL of a server with debian/ and debian-security/; if empty, the servers in the apt sources of the host are tried, then deb.debian.org',
      ),
    },
    mirrorParams: ['mirror'],
    hostFiles: ['/etc/apt'],
    tools: ['apt-get', 'apt-cache', 'apt-config'],
    async resolve({ inputs, params, run, scratch, log, previous }) {
      const listed = parseList(await readFile(inputs.list, 'utf8'))
      const names = new Set(listed)
      const { include = [], keep = () => true } = options
      return resolvePackages(
        { run, scratch, log, previous, ...inputs, ...params },
        { packages: [...include, ...listed], keep: (found) => keep(found, names) },
      )
    },
    mirrors: ({ mirror }, { path }) => mirrorsFor(mirror, archiveOf(path)),
  })

/** The input with the keys, if they are not those of the host. */
const keyringOf = ({ keyring }: AptLockfileOptions): { readonly keyring?: FileInput } =>
  keyring === undefined ? {} : { keyring: file(keyring) }
