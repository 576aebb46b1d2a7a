// Tests the disk image with standard tools, without mounting it or using the code that built it.
import { createHash } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { processesOf } from '../support/processes.ts'
import { Distro, exec, HOME, output } from './support/distro.ts'

const distro = Distro.copyForFile()
const MIB = 2 ** 20
const ESP_OFFSET = MIB
const ROOT_OFFSET = 2099200 * 512

let scratch: string
let raw: string
let esp: string
let root: string

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex')
const debugfs = (command: string): Promise<string> => output(['debugfs', '-R', command, root])
const onEsp = (path: string): Promise<string> => output(['mtype', '-i', esp, `::${path}`])

/** The path of the object of an artifact's output. */
function stored(artifact: string, name: string): string {
  const records = distro.path(`cache/records/${artifact}`)
  const readChecksummed = (file: string): unknown =>
    JSON.parse(readFileSync(join(records, file), 'utf8').split('\n')[1]!)
  const { key } = readChecksummed('latest.json') as { key: string }
  const { outputs } = readChecksummed(`${key}.json`) as { outputs: Record<string, { sha256: string }> }
  const digest = outputs[name]!.sha256
  return distro.path(`cache/objects/${digest.slice(0, 2)}/${digest.slice(2)}`)
}

beforeAll(async () => {
  scratch = mkdtempSync(join(tmpdir(), 'lbuild-image-'))
  raw = join(scratch, 'disk.raw')
  esp = `${raw}@@${ESP_OFFSET}`
  root = `${raw}?offset=${ROOT_OFFSET}`
  await output(['qemu-img', 'convert', '-O', 'raw', distro.path('output/levitateos.qcow2'), raw])
})

afterAll(() => rmSync(scratch, { recursive: true, force: true }))

describe('the disk image', () => {
  test('is a valid, compressed qcow2 of 256 GiB', async () => {
    const image = distro.path('output/levitateos.qcow2')
    expect((await exec(['qemu-img', 'check', image], '/')).code).toBe(0)
    const info = JSON.parse(await output(['qemu-img', 'info', '--output=json', image])) as Record<
      string,
      unknown
    >
    expect(info).toMatchObject({ format: 'qcow2', 'virtual-size': 256 * 2 ** 30 })
    expect(statSync(image).size).toBeLessThan(200 * MIB)
  })

  test('has an EFI system partition of 1 GiB, and a root partition up to its end', async () => {
    const { partitiontable } = JSON.parse(await output(['sfdisk', '--json', raw])) as {
      partitiontable: { label: string; partitions: { start: number; size: number; type: string }[] }
    }
    expect(partitiontable.label).toBe('gpt')
    expect(partitiontable.partitions).toHaveLength(2)
    expect(partitiontable.partitions[0]).toMatchObject({
      start: 2048,
      size: 2097152,
      type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B',
    })
    expect(partitiontable.partitions[1]).toMatchObject({ start: 2099200 })
    const { start, size } = partitiontable.partitions[1]!
    expect(256 * 2 ** 21 - (start + size)).toBeLessThanOrEqual(4096)
  })

  test('has file systems without errors', async () => {
    const file = join(scratch, 'esp.img')
    await output([
      'dd',
      `if=${raw}`,
      `of=${file}`,
      'bs=1M',
      'skip=1',
      'count=1024',
      'conv=sparse',
      'status=none',
    ])
    expect(await exec(['fsck.vfat', '-n', file], '/')).toMatchObject({ code: 0 })
    expect(await exec(['e2fsck', '-fn', root], '/')).toMatchObject({ code: 0 })
  })

  test('names its file systems in fstab by their ids', async () => {
    const header = await output(['dumpe2fs', '-h', root])
    const uuid = /Filesystem UUID: +(\S+)/.exec(header)![1]!
    expect(header).toMatch(/Filesystem volume name: +root\n/)
    const serial = /Volume Serial Number is (\S+)/.exec(await output(['mdir', '-i', esp, '::']))![1]!
    expect(await debugfs('cat /etc/fstab')).toBe(
      `UUID=${uuid} / ext4 defaults 0 1\nUUID=${serial} /boot vfat defaults 0 0\n`,
    )
  })

  test('has every file that its loader entry names, with the bytes of its artifact', async () => {
    const loader = await onEsp('/loader/loader.conf')
    expect(loader).toMatch(/^timeout 3$/m)
    const name = /^default (\S+)$/m.exec(loader)![1]!
    const entry = await onEsp(`/loader/entries/${name}`)
    const field = (key: string): string => new RegExp(`^${key} (.*)$`, 'm').exec(entry)![1]!
    const { partitiontable } = JSON.parse(await output(['sfdisk', '--json', raw])) as {
      partitiontable: { partitions: { uuid: string }[] }
    }
    const partition = partitiontable.partitions[1]!.uuid.toLowerCase()
    expect(field('options').toLowerCase()).toBe(
      `root=partuuid=${partition} rw console=ttys0,115200 console=tty0`,
    )
    const sources = { linux: 'output/vmlinuz', initrd: 'output/initramfs-installed.img' }
    for (const [key, source] of Object.entries(sources)) {
      const copy = join(scratch, key)
      await output(['mcopy', '-n', '-i', esp, `::${field(key)}`, copy])
      expect(sha256(copy)).toBe(sha256(distro.path(source)))
    }
    await output(['mcopy', '-n', '-i', esp, '::/EFI/BOOT/BOOTX64.EFI', join(scratch, 'loader.efi')])
    expect(sha256(join(scratch, 'loader.efi'))).toBe(sha256(stored('loaders', 'systemdBoot')))
  })

  test('has no machine id, no host keys, an empty root password and no autologin', async () => {
    expect(await debugfs('stat /etc/machine-id')).toMatch(/Size: 0\b/)
    expect(await debugfs('cat /etc/hostname')).toBe('levitate\n')
    expect(await debugfs('cat /etc/shadow')).toMatch(/^root::/m)
    expect(await debugfs('cat /etc/pam.d/common-auth')).toMatch(/pam_unix\.so.*nullok/)
    expect(await debugfs('ls -p /etc/ssh')).not.toMatch(/ssh_host_/)
    for (const directory of ['/etc/systemd/system', '/usr/lib/systemd/system'])
      expect(await debugfs(`ls -p ${directory}`)).not.toMatch(/getty@?.*\.service\.d/)
  })

  test('enables its services by links to their units', async () => {
    const wants = '/etc/systemd/system/multi-user.target.wants'
    for (const service of ['NetworkManager', 'ssh', 'chrony']) {
      const target = /Fast link dest: "(.*)"/.exec(await debugfs(`stat ${wants}/${service}.service`))?.[1]
      expect(target).toMatch(new RegExp(`^(/usr)?/lib/systemd/system/${service}\\.service$`))
      expect(await debugfs(`stat /usr${target!.replace(/^\/usr/, '')}`)).toMatch(/Type: regular/)
    }
  })

  test('keeps owners, groups and setuid bits', async () => {
    const owner = async (path: string): Promise<string> => {
      const [, mode, user, group] = /Mode: +(\d+)[\s\S]*?User: +(\d+) +Group: +(\d+)/.exec(
        await debugfs(`stat ${path}`),
      )!
      return `${mode} ${user}:${group}`
    }
    expect(await owner('/')).toBe('0755 0:0')
    expect(await owner('/usr/bin/bash')).toBe('0755 0:0')
    expect(await owner('/usr/bin/su')).toBe('04755 0:0')
    expect(await owner('/usr/bin/chage')).toBe('02755 0:42')
    expect(await owner('/etc/shadow')).toBe('0640 0:42')
    expect(await debugfs('ea_list /usr/bin/ping')).toContain('security.capability')
  })

  test('has every file of its layers, byte for byte', async () => {
    const layers = join(scratch, 'layers')
    const image = join(scratch, 'image')
    mkdirSync(layers)
    mkdirSync(image)
    for (const artifact of ['base', 'modules', 'overlay']) {
      const tar = stored(artifact, 'tar')
      await output([
        'tar',
        '-x',
        '-C',
        layers,
        '--keep-directory-symlink',
        '--no-same-owner',
        '--exclude=./dev/*',
        '-f',
        tar,
      ])
    }
    await exec(['debugfs', '-R', `rdump / ${image}`, root], '/')
    const differences = await exec(['diff', '-rq', '--no-dereference', layers, image], '/')
    expect(differences.stdout.split('\n').filter(Boolean)).toEqual([
      `Files ${layers}/etc/fstab and ${image}/etc/fstab differ`,
      `Only in ${image}: lost+found`,
    ])
  })
})

test('a build of the 256 GiB image never takes 2 GB of disk and memory', async () => {
  const args = [`${HOME}/lbuild`, 'disk', 'qcow2', '--force', '--quiet']
  const before = await allocated([distro.root])
  const child = spawn(process.execPath, args, { cwd: distro.root, stdio: 'inherit' })
  const ended = once(child, 'exit')
  let peak = 0
  let samples = 0
  while (child.exitCode === null) {
    const grown = (await allocated([distro.root])) - before
    peak = Math.max(peak, grown + (await allocated(scratchDirectories())))
    samples += 1
    // Without a pause, the samples use a processor that the build needs.
    await setTimeout(50)
  }
  expect(await ended).toEqual([0, null])
  expect(samples).toBeGreaterThan(3)
  expect(peak).toBeGreaterThan(100 * MIB)
  expect(peak).toBeLessThan(2e9)
})

/** The scratch directory of the running producer, reached through the root directory of its process. */
const scratchDirectories = (): string[] =>
  processesOf(distro.root)
    .map((pid) => `/proc/${pid}/root/scratch`)
    .filter((path) => existsSync(path) && existsSync(path.replace('scratch', 'lbuild')))
    .slice(0, 1)

async function allocated(paths: readonly string[]): Promise<number> {
  if (paths.length === 0) return 0
  const { stdout } = await exec(['du', '-s', '--block-size=1', ...paths], '/')
  return stdout.split('\n').reduce((sum, line) => sum + Number.parseInt(line || '0', 10), 0)
}

test('sha512sum accepts the checksum of the ISO', async () => {
  expect(await output(['sha512sum', '-c', 'levitateos.iso.sha512'], distro.path('output'))).toBe(
    'levitateos.iso: OK\n',
  )
})
