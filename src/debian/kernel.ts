/**
 * Unpacks Debian's kernel packages.
 * @module lbuild/debian/kernel
 */
import { access, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure, type Run } from '../api/index.ts'
import { oneKernelVersion } from '../images/kernelModules.ts'

/** An unpacked kernel package. */
export interface UnpackedKernel {
  /** The version that the kernel reports: `6.1.0-56-amd64`. */
  readonly version: string
  readonly vmlinuz: string
  readonly config: string
  /** The directory that contains `VERSION/kernel/…`. */
  readonly modules: string
}

/**
 * Unpacks the only kernel in a directory of packages. Throws a Failure when there is none or more than one, or when the
 * kernel and its modules have different versions.
 */
export async function unpackKernel(
  run: Run<'dpkg-deb'>,
  packages: string,
  directory: string,
): Promise<UnpackedKernel> {
  const images = (await readdir(packages)).filter((name) => /^linux-image-\d.*\.deb$/.test(name))
  const [image, ...others] = images
  if (image === undefined)
    throw new Failure('the packages contain no kernel', { hint: 'add a kernel to the list of packages' })
  if (others.length > 0)
    throw new Failure('the packages contain more than one kernel', {
      facts: [['kernels', images.sort().join(', ')]],
      hint: 'keep exactly one kernel in the list of packages',
    })
  await run('dpkg-deb', ['--extract', join(packages, image), directory])
  const modules = join(directory, 'lib/modules')
  const version = oneKernelVersion(await readdir(modules))
  const vmlinuz = join(directory, 'boot', `vmlinuz-${version}`)
  const config = join(directory, 'boot', `config-${version}`)
  for (const path of [vmlinuz, config])
    await access(path).catch(() => {
      throw new Failure('the kernel and its modules have different versions', {
        facts: [
          ['modules', version],
          ['missing', path],
        ],
      })
    })
  return { version, vmlinuz, config, modules }
}
