/**
 * Makes a local apt repository from a directory of packages.
 * @module lbuild/debian/repository
 */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Run } from '../api/index.ts'

/** A repository, and the names of all its packages. */
export interface Repository {
  readonly directory: string
  readonly names: readonly string[]
}

/** The directory of the packages, relative to the repository. */
const POOL = 'pool'

/**
 * Makes an apt repository in the flat format (sources.list(5)) over a directory of packages, which stays unchanged.
 * It has a Release file because mmdebstrap ignores the essential packages of an index that no Release file covers.
 */
export async function makeRepository(
  run: Run<'dpkg-deb'>,
  packages: string,
  directory: string,
  suite: string,
): Promise<Repository> {
  await mkdir(directory)
  await symlink(packages, join(directory, POOL))
  const files = (await readdir(packages)).filter((name) => name.endsWith('.deb')).sort()
  const stanzas: string[] = []
  const pending = files.entries()
  const worker = async () => {
    for (const [index, name] of pending) stanzas[index] = await describePackage(run, packages, name)
  }
  await Promise.all(Array.from({ length: availableParallelism() + 1 }, worker))
  const index = stanzas.join('\n')
  const release = [
    `Suite: ${suite}`,
    `Codename: ${suite}`,
    'Architectures: amd64',
    'SHA256:',
    ` ${createHash('sha256').update(index).digest('hex')} ${Buffer.byteLength(index)} Packages`,
    '',
  ]
  await writeFile(join(directory, 'Packages'), index)
  await writeFile(join(directory, 'Release'), release.join('\n'))
  return { directory, names: [...index.matchAll(/^Package: (.*)$/gm)].map(([, name = '']) => name) }
}

/** The stanza of a package in the index: its control file, and the path, size and digest of its file. */
async function describePackage(run: Run<'dpkg-deb'>, packages: string, name: string): Promise<string> {
  const hash = createHash('sha256')
  const file = createReadStream(join(packages, name))
  const [{ stdout }] = await Promise.all([
    run('dpkg-deb', ['--field', join(packages, name)]),
    pipeline(file, hash),
  ])
  return `${stdout.trimEnd()}\nFilename: ${POOL}/${name}\nSize: ${file.bytesRead}\nSHA256: ${hash.digest('hex')}\n`
}
