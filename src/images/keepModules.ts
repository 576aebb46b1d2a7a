/**
 * Removes kernel modules from an unpacked kernel.
 * @module lbuild/images/keepModules
 */
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Removes all modules below a directory `lib/modules/VERSION` except those in `kept`, given by path
 * (`kernel/fs/ext4/ext4.ko`). Files outside `kernel/` stay. Run depmod afterwards.
 */
export async function keepModules(directory: string, kept: readonly string[]): Promise<void> {
  const all = join(directory, 'all')
  await rename(join(directory, 'kernel'), all)
  for (const path of kept) {
    const to = join(directory, path)
    await mkdir(dirname(to), { recursive: true })
    await rename(join(all, path.slice('kernel/'.length)), to)
  }
  await rm(all, { recursive: true })
}
