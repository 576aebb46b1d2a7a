// Tests of the checks that read disks back.
import { truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { espFiles, fstab } from '../../artifacts/disk/boot.ts'
import { IDS, layOut } from '../../artifacts/disk/layout.ts'
import { checkSystem } from '../../artifacts/qcow2/check.ts'
import { checkDisk } from '../../src/images/diskCheck.ts'
import type { DiskLayout } from '../../src/images/diskLayout.ts'
import { makeExt4 } from '../../src/images/ext4.ts'
import { layOverExt4 } from '../../src/images/ext4Layer.ts'
import { makeFat, type FatFile } from '../../src/images/fat.ts'
import { writeGpt } from '../../src/images/gpt.ts'
import { EPOCH, plant, run, temporaryInMemory } from '../support/images.ts'

interface Disk {
  readonly raw: string
  readonly layout: DiskLayout
  readonly files: readonly FatFile[]
  readonly tree: string
  readonly scratch: string
}

/** A small disk, made as the producers make theirs. */
async function disk(change: (tree: string) => Promise<void> = async () => {}): Promise<Disk> {
  const scratch = await temporaryInMemory()
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

const check = ({ raw, ...disk }: Disk) =>
  checkDisk(run, { image: raw, ...disk, paths: ['/etc/fstab', '/etc/machine-id', '/etc/shadow'] })

/** Changes the root file system of a disk by commands of debugfs. */
async function tamper({ raw, layout }: Disk, ...commands: readonly string[]): Promise<void> {
  await run('debugfs', ['-w', '-f', '-', `${raw}?offset=${layout.root.offset}`], {
    input: `${commands.join('\n')}\n`,
    env: { E2FSPROGS_FAKE_TIME: String(EPOCH) },
  })
}

test('accepts an unchanged disk', async () => {
  await check(await disk())
})

test('finds a lost owner and a lost setuid bit', async () => {
  const made = await disk()
  await tamper(made, 'sif /usr/bin/su mode 0100755')
  await expect(check(made)).rejects.toThrow("'/usr/bin/su' differs from the tree")
  const owned = await disk()
  await tamper(owned, 'sif /etc/shadow uid 1000')
  await expect(check(owned)).rejects.toMatchObject({
    facts: [['expected', expect.stringMatching(/^regular, mode 640, owner 0:42/)], expect.anything()],
  })
})

test('finds a machine id and a changed fstab', async () => {
  const identified = await disk()
  await tamper(identified, 'sif /etc/machine-id size 33')
  await expect(check(identified)).rejects.toThrow("'/etc/machine-id' differs from the tree")
  const made = await disk()
  await tamper(made, 'sif /etc/fstab size 20')
  await expect(check(made)).rejects.toThrow("'/etc/fstab' differs from the tree")
})

test('checks the layer, fstab and host keys of a system with its overlay', async () => {
  const made = await disk()
  const layer = await plant(join(made.scratch, 'layer'), { 'etc/motd': 'welcome\n' })
  await run('chown', ['-R', '0:0', layer])
  const root = { image: made.raw, offset: made.layout.root.offset, tree: layer }
  await layOverExt4(run, { ...root, epoch: EPOCH, work: made.scratch })
  const checked = (): Promise<void> => checkSystem(run, { ...root, scratch: made.scratch })
  await checked()
  await tamper(made, 'sif /etc/motd uid 1000')
  await expect(checked()).rejects.toThrow("'/etc/motd' differs from the tree")
  await tamper(made, 'sif /etc/motd uid 0', 'sif /etc/fstab size 20')
  await expect(checked()).rejects.toThrow('/etc/fstab differs from that of the disk')
  await tamper(
    made,
    `sif /etc/fstab size ${fstab.length}`,
    'cd /etc/ssh',
    `write ${layer}/etc/motd ssh_host_rsa_key`,
  )
  await expect(checked()).rejects.toMatchObject({
    headline: 'the image contains SSH host keys',
    facts: [['found', 'ssh_host_rsa_key']],
  })
  await tamper(made, 'cd /etc/ssh', 'rm ssh_host_rsa_key', 'clri /etc/hostname')
  await expect(checked()).rejects.toThrow('the ext4 file system is damaged')
})

test('finds changed and missing files of the EFI system partition', async () => {
  const made = await disk()
  const env = { MTOOLSRC: '/dev/null', MTOOLS_SKIP_CHECK: '1' }
  const drive = ['-i', `${made.raw}@@${made.layout.esp.offset}`]
  await run('mcopy', [...drive, '-o', join(made.scratch, 'vmlinuz'), '::/levitateos/initramfs.img'], { env })
  await expect(check(made)).rejects.toThrow(
    "'levitateos/initramfs.img' on the EFI system partition differs from its source",
  )
  await run('mdel', [...drive, '::/levitateos/initramfs.img'], { env })
  await expect(check(made)).rejects.toThrow('mcopy failed')
})

test('finds a changed partition table', async () => {
  const made = await disk()
  await writeGpt(run, made.raw, { ...made.layout, uuid: IDS.rootPartition })
  await expect(check(made)).rejects.toThrow('the partition table differs from the layout')
})
