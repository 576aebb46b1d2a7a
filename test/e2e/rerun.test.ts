// Tests what a change of the reference distro rebuilds, and what lbuild refuses to build.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lutimesSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Distro, IMAGES, withOutcome } from './support/distro.ts'

const distro = Distro.copyForFile()
const overlay = 'artifacts/overlay/files'
const abovePackages = ['base', 'disk', 'iso', 'overlay', 'qcow2', 'rootfs']

/** The steps that undo the changes of a test, so that tests run in any order. */
const undo: (() => void)[] = []

function edit(path: string, change: (text: string) => string): void {
  const absolute = distro.path(path)
  const before = readFileSync(absolute)
  undo.push(() => writeFileSync(absolute, before))
  writeFileSync(absolute, change(before.toString()))
}

beforeEach(async () => {
  await distro.build(...IMAGES)
})

afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

const ran = async (...args: string[]): Promise<string[]> =>
  withOutcome(await distro.build(...(args.length > 0 ? args : IMAGES)), 'built')

/** The artifacts that would run: a dry run costs less than a build. */
async function seen(): Promise<string[]> {
  const { stdout } = await distro.lbuild(['qcow2', '--dry-run', '--json'])
  const { artifacts } = JSON.parse(stdout) as { artifacts: { name: string; verdict: string }[] }
  return artifacts.filter(({ verdict }) => verdict === 'stale').map(({ name }) => name)
}

describe('a change of the reference distro rebuilds', () => {
  test('the overlay and its dependents, if a file of the overlay is edited', async () => {
    edit(`${overlay}/etc/motd`, (text) => `${text}edited\n`)
    expect(await ran()).toEqual(['iso', 'overlay', 'qcow2', 'rootfs'])
  })

  test('the overlay and its dependents, if a file of the overlay becomes executable', async () => {
    chmodSync(distro.path(`${overlay}/etc/motd`), 0o755)
    undo.push(() => chmodSync(distro.path(`${overlay}/etc/motd`), 0o644))
    expect(await ran()).toEqual(['iso', 'overlay', 'qcow2', 'rootfs'])
  })

  test('nothing, if every file is touched', async () => {
    const now = Date.now() / 1000
    for (const path of readdirSync(distro.path('artifacts'), { recursive: true, encoding: 'utf8' }))
      lutimesSync(join(distro.path('artifacts'), path), now, now)
    lutimesSync(distro.path('build.config.ts'), now, now)
    expect(await ran()).toEqual([])
  })

  test('only iso, if its code gets a comment', async () => {
    edit('artifacts/iso/index.ts', (text) => `${text}// a comment\n`)
    expect(await ran()).toEqual(['iso'])
  })

  test('only rootfs, if its code gets a comment: as its bytes stay the same, iso is fresh', async () => {
    edit('artifacts/rootfs/index.ts', (text) => `${text}// a comment\n`)
    expect(await ran()).toEqual(['rootfs'])
  })

  test('only qcow2, if a module that only qcow2 imports changes', async () => {
    edit('artifacts/qcow2/check.ts', (text) => `${text}// a comment\n`)
    expect(await ran()).toEqual(['qcow2'])
  })

  test('disk and qcow2 for another disk size, and restores both for the former size', async () => {
    expect(await ran(...IMAGES, '--disk-size', '8G')).toEqual(['disk', 'qcow2'])
    const back = await distro.build(...IMAGES)
    expect({ built: withOutcome(back, 'built'), restored: withOutcome(back, 'restored') }).toEqual({
      built: [],
      restored: ['disk', 'qcow2'],
    })
  })

  test('disk and qcow2, if the disk size in build.config.ts changes', async () => {
    edit('build.config.ts', (text) => text.replace("'256G'", "'16G'"))
    expect(await ran()).toEqual(['disk', 'qcow2'])
  })

  test('the dependents of the packages, but not the kernel, if a package is added; only that package is fetched', async () => {
    const lock = readFileSync(distro.path('artifacts/packages/packages.lock'))
    undo.push(() => writeFileSync(distro.path('artifacts/packages/packages.lock'), lock))
    edit('artifacts/packages/packages.list', (text) => `${text}tree\n`)
    const report = await distro.build(...IMAGES)
    expect(withOutcome(report, 'built')).toEqual(abovePackages)
    expect(report.stderr).toMatch(/fetch +packages +1 file,/)
  })

  test('the overlay, if entries of its tree are added, removed, renamed or swapped', async () => {
    const added = distro.path(`${overlay}/etc/added.conf`)
    writeFileSync(added, '')
    expect(await seen()).toEqual(['overlay'])
    rmSync(added)
    expect(await seen()).toEqual([])

    const [motd, issue] = ['motd', 'issue'].map((name) => distro.path(`${overlay}/etc/${name}`)) as [
      string,
      string,
    ]
    renameSync(motd, added)
    expect(await seen()).toEqual(['overlay'])
    renameSync(issue, motd)
    renameSync(added, issue)
    expect(await seen()).toEqual(['overlay'])
    renameSync(motd, added)
    renameSync(issue, motd)
    renameSync(added, issue)
    expect(await seen()).toEqual([])

    const content = readFileSync(motd)
    rmSync(motd)
    expect(await seen()).toEqual(['overlay'])
    writeFileSync(motd, content)
    expect(await seen()).toEqual([])
  })
})

describe('an output that was modified', () => {
  const image = distro.path('output/levitateos.qcow2')

  test('is restored if it was deleted', async () => {
    rmSync(image)
    const report = await distro.build('qcow2')
    expect(withOutcome(report, 'built')).toEqual([])
    expect(withOutcome(report, 'restored')).toEqual(['qcow2'])
    expect(existsSync(image)).toBe(true)
  })

  test('is reported, preserved under another name and restored if it is a byte shorter', async () => {
    const { size } = statSync(image)
    truncateSync(image, size - 1)
    const report = await distro.build('qcow2')
    expect(withOutcome(report, 'restored')).toEqual(['qcow2'])
    const preserved =
      /output\/levitateos\.qcow2 was modified after it was built: moved to output\/(\S+)/.exec(
        report.stderr,
      )?.[1]
    expect(preserved).toBeDefined()
    undo.push(() => rmSync(distro.path(`output/${preserved}`)))
    expect(statSync(distro.path(`output/${preserved}`)).size).toBe(size - 1)
    expect(statSync(image).size).toBe(size)
  })

  test('is preserved and restored if a virtual machine wrote to it', async () => {
    appendFileSync(image, 'written by a machine')
    const report = await distro.build('qcow2')
    expect(report.stderr).toContain('preserved')
    for (const name of readdirSync(distro.path('output')))
      if (name.includes('.preserved-')) undo.push(() => rmSync(distro.path(`output/${name}`)))
    expect((await distro.lbuild(['qcow2'])).stdout).toContain('is fresh: nothing to do')
  })
})

describe('lbuild refuses', () => {
  test('a disk that cannot hold its partitions, with exit code 2 before any producer runs', async () => {
    const { code, stderr } = await distro.lbuild(['qcow2', '--disk-size', '1G'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/diskSize.*expected at least 2G, got '1G'/)
  })

  test('a disk that is too small for its contents, and names the smallest size', async () => {
    edit('artifacts/disk/index.ts', (text) => text.replace("'2G'", "'1G'"))
    const { code, stderr } = await distro.lbuild(['qcow2', '--disk-size', '1100M'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/the disk is too small[\s\S]*build with --disk-size 2G or more/)
  })

  test('an invalid size with exit code 2, and names the param', async () => {
    const { code, stderr } = await distro.lbuild(['qcow2', '--disk-size', '12 parsecs'])
    expect(code).toBe(2)
    expect(stderr).toMatch(/diskSize.*12 parsecs/)
  })

  test('to build with a missing input with exit code 2, and names artifact and path', async () => {
    renameSync(distro.path('artifacts/initramfs/init-live'), distro.path('artifacts/initramfs/init-gone'))
    undo.push(() =>
      renameSync(distro.path('artifacts/initramfs/init-gone'), distro.path('artifacts/initramfs/init-live')),
    )
    const { code, stderr, stdout } = await distro.lbuild(['iso'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/initramfs/)
    expect(stderr).toMatch(/artifacts\/initramfs\/init-live does not exist/)
  })

  test('a lockfile whose files are no longer on the mirror, and suggests lbuild update', async () => {
    const lock = distro.path('artifacts/loaders/loaders.lock')
    const digest = 'f'.repeat(64)
    edit('artifacts/loaders/loaders.lock', (text) =>
      text
        .replace(/busybox-static_([^_"]+)_/g, 'busybox-static_0.0.1_')
        .replace(/"sha256":"[0-9a-f]{64}"/, `"sha256":"${digest}"`),
    )
    expect(readFileSync(lock, 'utf8')).toContain(digest)
    const { code, stderr } = await distro.lbuild(['iso'])
    expect(code).toBe(1)
    expect(stderr).toMatch(/cannot fetch 1 of the files of the lockfile 'loaders'/)
    expect(stderr).toMatch(/lbuild update loaders/)
  })
})
