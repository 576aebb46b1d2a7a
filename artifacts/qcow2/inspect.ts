import type { Run } from 'lbuild'
import { ImageError } from 'lbuild/images/error'
import { checkExt4, inspectExt4 } from 'lbuild/images/ext4'
import { checkExt4Layer, type Ext4Layer } from 'lbuild/images/ext4Layer'
import { fstab } from '../disk/boot.ts'

/** The tools that inspectSystem runs. */
export const inspectTools = ['e2fsck', 'debugfs'] as const

/**
 * Reads the root file system of a disk back without mounting it: the file system's own check, all that was laid over
 * it, its table of file systems, and what must not be in an image. Throws an ImageError at the first difference.
 */
export async function inspectSystem(
  run: Run<(typeof inspectTools)[number]>,
  layer: Ext4Layer & { readonly scratch: string },
): Promise<void> {
  const { image, offset } = layer
  const looks = await Promise.allSettled([
    checkExt4(run, image, offset),
    checkExt4Layer(run, layer),
    inspectIdentity(run, image, offset),
  ])
  for (const look of looks) if (look.status === 'rejected') throw look.reason
}

async function inspectIdentity(run: Run<'debugfs'>, image: string, offset: number): Promise<void> {
  const [table, names] = await inspectExt4(run, image, offset, ['cat /etc/fstab', 'ls -p /etc/ssh'])
  if (table !== fstab)
    throw new ImageError('/etc/fstab is not that of the disk', { expected: fstab, found: table! })
  const keys = [...names!.matchAll(/\/(ssh_host_[^/]*)\//g)].map(([, name]) => name)
  if (keys.length > 0)
    throw new ImageError(
      'there are SSH host keys in the image',
      { found: keys.join(', ') },
      'each system makes its own',
    )
}
