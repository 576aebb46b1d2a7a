import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { mkdir, readdir, symlink, writeFile } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import type { Run } from '../api/index.ts'

/** A directory that apt can take packages from, and the names of all that it has. */
export interface Repository {
  readonly directory: string
  readonly names: readonly string[]
}

/** Where the packages are, seen from the repository. */
const POOL = 'pool'

/**
 * Makes an apt repository, in the flat form (sources.list(5)), over a directory of packages, which is left as it is.
 * mmdebstrap finds the essential packages only where a Release file vouches for the index.
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
  const work = files.entries()
  const worker = async () => {
    for (const [index, name] of work) stanzas[index] = await describe(run, packages, name)
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
  return { directory, names: stanzas.map((stanza) => /^Package: (.*)$/m.exec(stanza)![1]!) }
}

/** The stanza of one package in an index: its control file, and where and what its file is. */
async function describe(run: Run<'dpkg-deb'>, packages: string, name: string): Promise<string> {
  const hash = createHash('sha256')
  const file = createReadStream(join(packages, name))
  const [{ stdout }] = await Promise.all([
    run('dpkg-deb', ['--field', join(packages, name)]),
    pipeline(file, hash),
  ])
  return `${stdout.trimEnd()}\nFilename: ${POOL}/${name}\nSize: ${file.bytesRead}\nSHA256: ${hash.digest('hex')}\n`
}
