import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Run } from '../api/index.ts'
import { ImageError } from '../images/error.ts'
import { oneKernelVersion } from '../images/modules.ts'

/** What is in the package of a kernel. */
export interface UnpackedKernel {
  /** As the kernel calls itself: `6.1.0-56-amd64`. */
  readonly version: string
  readonly vmlinuz: string
  readonly config: string
  /** The directory that holds `VERSION/kernel/…`. */
  readonly modules: string
}

/**
 * Unpacks the one kernel among some packages. Throws an ImageError when there is none or more than one, or when its
 * parts are of different versions.
 */
export async function unpackKernel(
  run: Run<'dpkg-deb'>,
  packages: string,
  directory: string,
): Promise<UnpackedKernel> {
  const images = (await readdir(packages)).filter((name) => /^linux-image-\d.*\.deb$/.test(name))
  if (images.length !== 1)
    throw new ImageError(
      images.length === 0
        ? 'there is no kernel among the packages'
        : 'there is more than one kernel among the packages',
      { found: images.length === 0 ? 'none' : images.sort().join(', ') },
      'artifacts/kernel/kernel.list is to name one kernel',
    )
  await run('dpkg-deb', ['--extract', join(packages, images[0]!), directory])
  const modules = join(directory, 'lib/modules')
  const version = oneKernelVersion(await readdir(modules))
  const [vmlinuz, config] = [`vmlinuz-${version}`, `config-${version}`].map((name) =>
    join(directory, 'boot', name),
  ) as [string, string]
  for (const path of [vmlinuz, config])
    await access(path).catch(() => {
      throw new ImageError('the kernel and its modules are of different versions', {
        modules: version,
        missing: path,
      })
    })
  return { version, vmlinuz, config, modules }
}
