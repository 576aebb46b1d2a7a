import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { espFiles, fstab } from '../../artifacts/qcow2/boot.ts'
import { inspectDisk } from '../../artifacts/qcow2/inspect.ts'
import { IDS, layOut, type DiskLayout } from '../../artifacts/qcow2/layout.ts'
import { makeExt4 } from '../../src/images/ext4.ts'
import { makeFat, type FatFile } from '../../src/images/fat.ts'
import { writeGpt } from '../../src/images/gpt.ts'
import { EPOCH, plant, run, temporary } from './support.ts'

interface Disk {
  readonly raw: string
  readonly layout: DiskLayout
  readonly files: readonly FatFile[]
  readonly tree: string
  readonly scratch: string
}

/** A whole disk as the qcow2's producer makes it, with little in it. */
async function disk(change: (tree: string) => Promise<void> = async () => {}): Promise<Disk> {
  const scratch = await temporary()
  const [raw, tree] = [join(scratch, 'disk.raw'), join(scratch, 'tree')]
  await plant(scratch, { 'systemd-boot': 'loader', vmlinuz: 'linux', initramfs: 'initrd' })
  await plant(tree, {
    'etc/fstab': fstab,
    'etc/hostname': 'levitate\n',
    'etc/machine-id': '',
    'etc/shadow': 'root::1::::::\n',
    'etc/ssh/sshd_config': '',
    'usr/bin/su': 'su',
  })
  await run('chown', ['-R', '0:0', tree])
  await run('chown', ['0:42', join(tree, 'etc/shadow')])
  await run('chmod', ['640', join(tree, 'etc/shadow')])
  await run('chmod', ['4755', join(tree, 'usr/bin/su')])
  await change(tree)
  const layout = await layOut(2 ** 32, [join(scratch, 'vmlinuz')])
  const sources = {
    systemdBoot: join(scratch, 'systemd-boot'),
    vmlinuz: join(scratch, 'vmlinuz'),
    initramfs: join(scratch, 'initramfs'),
  }
  const files = espFiles(sources, 'LevitateOS', 'console=tty0')
  await writeFile(raw, '')
  await truncate(raw, layout.size)
  await writeGpt(run, raw, layout)
  const fat = { bits: 32, label: 'ESP', volumeId: IDS.espVolume, files } as const
  await makeFat(run, { image: raw, ...layout.esp, ...fat, epoch: EPOCH, scratch })
  const ids = { uuid: IDS.rootFileSystem, hashSeed: IDS.hashSeed }
  await makeExt4(run, {
    image: raw,
    ...layout.root,
    label: 'root',
    ...ids,
    tree,
    epoch: EPOCH,
    work: scratch,
  })
  return { raw, layout, files, tree, scratch }
}

const inspect = ({ raw, layout, files, tree, scratch }: Disk) =>
  inspectDisk(run, raw, layout, files, tree, scratch)

/** Changes the root file system of a disk with commands of debugfs. */
async function tamper({ raw, layout }: Disk, ...commands: readonly string[]): Promise<void> {
  await run('debugfs', ['-w', '-f', '-', `${raw}?offset=${layout.root.offset}`], {
    input: `${commands.join('\n')}\n`,
    env: { E2FSPROGS_FAKE_TIME: String(EPOCH) },
  })
}

test('a disk that is as it was made passes', async () => {
  await inspect(await disk())
})

test('an owner or a setuid bit that is lost is found', async () => {
  const made = await disk()
  await tamper(made, 'sif /usr/bin/su mode 0100755')
  await expect(inspect(made)).rejects.toThrow('/usr/bin/su is not as it was in the tree')
  const owned = await disk()
  await tamper(owned, 'sif /etc/shadow uid 1000')
  await expect(inspect(owned)).rejects.toThrow('expected: mode 640, owner 0:42')
})

test('a machine id and host keys in an image are found', async () => {
  const identified = await disk()
  await tamper(identified, 'sif /etc/machine-id size 33')
  await expect(inspect(identified)).rejects.toThrow('/etc/machine-id is not as it was in the tree')
  const keyed = await disk((tree) => writeFile(join(tree, 'etc/ssh/ssh_host_rsa_key'), 'key'))
  await expect(inspect(keyed)).rejects.toThrow('there are SSH host keys in the image')
})

test('another fstab is found', async () => {
  const made = await disk((tree) => writeFile(join(tree, 'etc/fstab'), fstab.replace(' 0 0', ' 0 2')))
  await expect(inspect(made)).rejects.toThrow('/etc/fstab is not as it was written')
})

test('a file of the EFI system partition that differs, and one that is missing, are found', async () => {
  const made = await disk()
  const env = { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' }
  const drive = ['-i', `${made.raw}@@${made.layout.esp.offset}`]
  await run('mcopy', [...drive, '-o', join(made.scratch, 'vmlinuz'), '::/levitateos/initramfs.img'], { env })
  await expect(inspect(made)).rejects.toThrow('/boot/levitateos/initramfs.img is not what it was made from')
  await run('mdel', [...drive, '::/levitateos/initramfs.img'], { env })
  await expect(inspect(made)).rejects.toThrow('mcopy failed')
})

test('another partition table is found', async () => {
  const made = await disk()
  await writeGpt(run, made.raw, { ...made.layout, uuid: IDS.rootPartition })
  await expect(inspect(made)).rejects.toThrow('the partition table is not as it was written')
})
