// Tests of Debian packages: kernels, repositories and resolving with apt.
import { mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { makeRepository } from '../../src/debian/repository.ts'
import { unpackKernel } from '../../src/debian/kernel.ts'
import { keepModules } from '../../src/images/keepModules.ts'
import { resolvePackages } from '../../src/debian/apt.ts'
import type { Run } from '../../src/api/artifact.ts'
import type { LockedFile } from '../../src/api/lockfile.ts'
import { digestOfFile, plant, run, temporary } from '../support/images.ts'

/** Builds a package with these files into a directory. */
async function deb(directory: string, name: string, files: Record<string, string>): Promise<void> {
  const root = await plant(await temporary(), {
    ...files,
    'DEBIAN/control': `Package: ${name.split('_')[0]}\nVersion: 1:1.0\nArchitecture: amd64\nMaintainer: x <x@y>\nDescription: x\n y\n`,
  })
  await mkdir(directory, { recursive: true })
  await run('dpkg-deb', ['--build', '--root-owner-group', root, join(directory, name)])
}

const kernelFiles = (version: string) => ({
  [`boot/vmlinuz-${version}`]: 'linux',
  [`boot/config-${version}`]: 'CONFIG_X=y\n',
  [`lib/modules/${version}/kernel/x.ko`]: 'x',
})

test('unpacks a kernel from its package', async () => {
  const packages = await temporary()
  await deb(packages, 'linux-image-6.1.0-1-amd64_6.1_amd64.deb', kernelFiles('6.1.0-1-amd64'))
  await deb(packages, 'linux-image-amd64_6.1_amd64.deb', {})
  const kernel = await unpackKernel(run, packages, join(await temporary(), 'out'))
  expect(kernel.version).toBe('6.1.0-1-amd64')
  expect(await readFile(kernel.vmlinuz, 'utf8')).toBe('linux')
})

test('rejects no kernel, two kernels, and modules of another kernel', async () => {
  const packages = await temporary()
  const unpack = async () => unpackKernel(run, packages, join(await temporary(), 'out'))
  await expect(unpack()).rejects.toThrow('the packages contain no kernel')
  await deb(packages, 'linux-image-6.1.0-1-amd64_6.1_amd64.deb', {
    ...kernelFiles('6.1.0-1-amd64'),
    'lib/modules/6.1.0-2-amd64/x': '',
  })
  await expect(unpack()).rejects.toThrow('there are modules of more than one kernel')
  await deb(packages, 'linux-image-6.1.0-1-amd64_6.1_amd64.deb', {
    'boot/vmlinuz-6.1.0-2-amd64': '',
    'lib/modules/6.1.0-1-amd64/x': '',
  })
  await expect(unpack()).rejects.toThrow('the kernel and its modules have different versions')
  await deb(packages, 'linux-image-6.1.0-2-amd64_6.1_amd64.deb', kernelFiles('6.1.0-2-amd64'))
  await expect(unpack()).rejects.toThrow('the packages contain more than one kernel')
})

test('keeps only the given modules', async () => {
  const directory = await plant(await temporary(), {
    'kernel/fs/ext4/ext4.ko': '',
    'kernel/fs/xfs/xfs.ko': '',
    'kernel/lib/a.ko': '',
    'modules.order': '',
  })
  await keepModules(directory, ['kernel/fs/ext4/ext4.ko'])
  const { stdout } = await run('find', [directory, '-type', 'f', '-printf', '%P\\n'])
  expect(stdout.split('\n').sort()).toEqual(['', 'kernel/fs/ext4/ext4.ko', 'modules.order'])
})

test('describes the packages of a repository, with the digest of the description', async () => {
  const packages = await temporary()
  await deb(packages, 'b+c_1.0~1_amd64.deb', {})
  await deb(packages, 'a_1.0_amd64.deb', { x: 'x' })
  const repository = await makeRepository(run, packages, join(await temporary(), 'repository'), 'bookworm')
  expect(repository.names).toEqual(['a', 'b+c'])
  const index = await readFile(join(repository.directory, 'Packages'), 'utf8')
  const stanzas = index.split('\n\n')
  expect(stanzas).toHaveLength(2)
  expect(stanzas[0]).toContain(`Filename: pool/a_1.0_amd64.deb\n`)
  expect(stanzas[0]).toContain(`SHA256: ${await digestOfFile(join(packages, 'a_1.0_amd64.deb'))}`)
  const release = await readFile(join(repository.directory, 'Release'), 'utf8')
  expect(release).toContain(
    ` ${await digestOfFile(join(repository.directory, 'Packages'))} ${index.length} Packages\n`,
  )
})

const RECORDS = `Package: bash
Version: 5.2-2
Filename: pool/main/b/bash/bash_5.2-2_amd64.deb
Size: 100
SHA256: ${'a'.repeat(64)}

Package: bash
Version: 5.1-1
Filename: pool/main/b/bash/bash_5.1-1_amd64.deb
Size: 90
SHA256: ${'b'.repeat(64)}

Package: libc++
Version: 1:2~3
Filename: pool/updates/main/l/libc++_2~3_amd64.deb
Size: 7
SHA256: ${'c'.repeat(64)}
`

const URIS = `'http://mirror/debian/pool/main/b/bash/bash_5.2-2_amd64.deb' bash_5.2-2_amd64.deb 100 MD5Sum:0
'http://mirror/debian-security/pool/updates/main/l/libc%2b%2b_2%7e3_amd64.deb' libc++_1%3a2~3_amd64.deb 7 MD5Sum:0
`

/** The release files that apt leaves in its directory of lists. */
const RELEASES = {
  mirror_debian_dists_bookworm_InRelease: 'Codename: bookworm\n',
  'mirror_debian_dists_bookworm-updates_InRelease': 'Codename: bookworm-updates\n',
  'mirror_debian-security_dists_bookworm-security_InRelease': 'Codename: bookworm-security\n',
}

/** Resolves packages with a fake apt that prints the records and addresses above. */
async function resolve(previous: readonly LockedFile[], keep: (name: string) => boolean = () => true) {
  const scratch = await temporary()
  const calls: string[][] = []
  const apt: Run = async (tool, args) => {
    calls.push([tool, ...args])
    if (args[0] === 'update') await plant(join(scratch, 'state/lists'), RELEASES)
    const stdout =
      tool === 'apt-config'
        ? 'APT::Update::Post-Invoke:: "echo host";\nAcquire::http::Proxy "http://proxy:3128";\n'
        : args[0] === 'install'
          ? URIS
          : args[0] === 'show'
            ? RECORDS
            : ''
    return { stdout, stderr: '' }
  }
  const source = { suite: 'bookworm', mirror: 'http://mirror' }
  const context = { run: apt, ...source, scratch, log: () => {}, previous }
  const files = await resolvePackages(context, { packages: ['apt', 'bash'], keep })
  const read = (name: string) => readFile(join(scratch, name), 'utf8')
  return {
    files,
    calls,
    preferences: await read('etc/preferences'),
    sources: await read('etc/sources.list'),
    conf: await read('apt.conf'),
  }
}

test('pins the files that apt would install by version, path and digest', async () => {
  const { files, calls, sources, conf } = await resolve([])
  expect(files).toEqual([
    {
      name: 'bash_5.2-2_amd64.deb',
      package: 'bash',
      version: '5.2-2',
      path: 'debian/pool/main/b/bash/bash_5.2-2_amd64.deb',
      size: 100,
      sha256: 'a'.repeat(64),
    },
    {
      name: 'libc++_2~3_amd64.deb',
      package: 'libc++',
      version: '1:2~3',
      path: 'debian-security/pool/updates/main/l/libc++_2~3_amd64.deb',
      size: 7,
      sha256: 'c'.repeat(64),
    },
  ])
  expect(calls.find(([, command]) => command === 'install')?.slice(-2)).toEqual(['apt', 'bash'])
  expect(
    sources.match(/ http:\/\/mirror\/debian(-security)? bookworm(-updates|-security)? main$/gm),
  ).toHaveLength(3)
  // the host's connection settings are copied, its hooks are not
  expect(conf).toContain('Acquire::http::Proxy "http://proxy:3128";')
  expect(conf).not.toContain('Post-Invoke')
})

test('gives up a mirror whose lists do not arrive within 15 minutes', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  const waits: Run = async (_, args) =>
    args[0] === 'update' ? new Promise(() => {}) : { stdout: '', stderr: '' }
  const source = { suite: 'bookworm', mirror: 'http://slow' }
  const context = { run: waits, ...source, scratch: await temporary(), log: () => {}, previous: [] }
  const resolved = resolvePackages(context, { packages: ['bash'], keep: () => true })
  const failed = expect(resolved).rejects.toMatchObject({
    headline: 'the package lists did not arrive within 15 minutes',
    facts: [['mirrors', 'http://slow']],
  })
  await vi.waitUntil(() => vi.getTimerCount() > 0)
  vi.advanceTimersByTime(15 * 60_000)
  await failed
})

test('pins only packages that are kept', async () => {
  const { files } = await resolve([], (name) => name === 'bash')
  expect(files.map((file) => file.package)).toEqual(['bash'])
})

test('asks for the pinned versions, and names those that the mirror no longer has', async () => {
  const [bash] = (await resolve([], (name) => name === 'bash')).files
  if (bash === undefined) throw new Error('bash is not pinned')
  const same = await resolve([bash])
  expect(same.preferences).toBe('Package: bash\nPin: version 5.2-2\nPin-Priority: 1001\n\n')
  const old = { ...bash, version: '5.0-9', sha256: 'd'.repeat(64) }
  await expect(resolve([old])).rejects.toMatchObject({ facts: [['missing', 'bash 5.0-9']] })
  await expect(resolve([old])).rejects.toMatchObject({
    hint: expect.stringContaining('lbuild update'),
  })
  // a package that is no longer requested may be missing
  await resolve([{ ...old, package: 'zsh', name: 'zsh.deb' }])
})
