// Reads the installed system back from its disk image.
import { Failure, type Run } from 'lbuild'
import { checkExt4, inspectExt4 } from 'lbuild/images/ext4'
import { checkExt4Layer, type Ext4Layer } from 'lbuild/images/ext4Layer'
import { fstab } from '../disk/boot.ts'

/** The tools that `checkSystem` runs. */
export const checkTools = ['e2fsck', 'debugfs'] as const

/**
 * Reads the root file system of a disk back without mounting it: the check of the file system, the layer that was
 * written over it, /etc/fstab, and the absence of SSH host keys. Throws a Failure at the first difference.
 */
export async function checkSystem(
  run: Run<(typeof checkTools)[number]>,
  layer: Ext4Layer & { readonly scratch: string },
): Promise<void> {
  const { image, offset } = layer
  const checks = await Promise.allSettled([
    checkExt4(run, image, offset),
    checkExt4Layer(run, layer),
    checkIdentity(run, image, offset),
  ])
  for (const check of checks) if (check.status === 'rejected') throw check.reason
}

async function checkIdentity(run: Run<'debugfs'>, image: string, offset: number): Promise<void> {
  const commands = ['cat /etc/fstab', 'ls -p /etc/ssh']
  const [table = '', listing = ''] = await inspectExt4(run, image, offset, commands)
  if (table !== fstab)
    throw new Failure('/etc/fstab differs from that of the disk', {
      facts: [
        ['expected', fstab],
        ['found', table],
      ],
    })
  const keys = [...listing.matchAll(/\/(ssh_host_[^/]*)\//g)].map(([, name]) => name)
  if (keys.length > 0)
    throw new Failure('the image contains SSH host keys', {
      facts: [['found', keys.join(', ')]],
      hint: 'remove them: each system generates its own',
    })
}
