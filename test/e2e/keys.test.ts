// Tests which keys of the reference distro a change affects: those of the artifacts that see it, and no others.
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Distro, HOME } from './support/distro.ts'
import type { Circumstances } from './support/inspection.ts'
import { copied, inspect, inspectBuilt, changedKeys, temporaryDirectory } from './support/inspection.ts'

const ALL = ['base', 'disk', 'initramfs', 'iso', 'kernel', 'loaders', 'modules', 'overlay', 'qcow2', 'rootfs']
const TREE = 'artifacts/overlay/files'
const isRoot = process.geteuid?.() === 0

type Change = (distro: Distro) => void

const write =
  (path: string, text: string, mode = 0o644): Change =>
  (distro) => {
    fs.mkdirSync(dirname(distro.path(path)), { recursive: true })
    fs.writeFileSync(distro.path(path), text, { mode })
  }

const append =
  (path: string, text: string): Change =>
  (distro) =>
    fs.appendFileSync(distro.path(path), text)

const replace =
  (path: string, from: string | RegExp, to: string): Change =>
  (distro) => {
    const before = fs.readFileSync(distro.path(path), 'utf8')
    const now = before.replace(from, to)
    if (now === before) throw new Error(`${path} does not contain ${from}`)
    fs.writeFileSync(distro.path(path), now)
  }

const all =
  (...changes: readonly Change[]): Change =>
  (distro) =>
    changes.forEach((change) => change(distro))

/** Copies a directory so that it lists its entries in another order. */
function copyReversed(from: string, to: string): void {
  const stat = fs.lstatSync(from)
  if (stat.isSymbolicLink()) fs.symlinkSync(fs.readlinkSync(from), to)
  else if (stat.isFile()) fs.copyFileSync(from, to)
  else {
    fs.mkdirSync(to)
    for (const name of fs.readdirSync(from).toReversed()) copyReversed(`${from}/${name}`, `${to}/${name}`)
  }
}

/** Changes every file and directory of a distro, except the objects, which it shares with the built one. */
const everywhere =
  (change: (path: string) => void): Change =>
  (distro) =>
    fs
      .readdirSync(distro.root, { recursive: true, encoding: 'utf8' })
      .filter((path) => !path.startsWith('cache/objects/'))
      .map((path) => distro.path(path))
      .filter((path) => !fs.lstatSync(path).isSymbolicLink())
      .forEach(change)

describe('no key depends on', () => {
  const circumstances: readonly (readonly [string, (distro: Distro) => Circumstances])[] = [
    ['the directory of the distro', () => ({})],
    ['the directory in which lbuild runs', (distro) => ({ cwd: distro.path('artifacts/iso') })],
    ['a directory given by -C', (distro) => ({ cwd: '/', args: ['-C', distro.root] })],
    ['the umask', () => ({ through: ['sh', '-c', 'umask 077; exec "$@"', 'sh'] })],
    ['the time zone and the locale', () => ({ env: { TZ: 'Asia/Tokyo', LC_ALL: 'C', LANG: 'tr_TR.UTF-8' } })],
    ['the name and the home of the user', () => ({ env: { HOME: '/', USER: 'ada', LOGNAME: 'ada' } })],
    ['a variable that no artifact declares', () => ({ env: { FLAVOUR: 'spicy' } })],
  ]
  const nobody = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--']
  const elsewhere = 'echo elsewhere >/proc/sys/kernel/hostname; exec "$@"'
  const ofRoot: typeof circumstances = [
    ['the user', () => ({ through: nobody })],
    ['the name of the host', () => ({ through: ['unshare', '--uts', 'sh', '-c', elsewhere, 'sh'] })],
  ]
  test.each([...circumstances, ...(isRoot ? ofRoot : [])])('%s', async (_, around) => {
    const expected = await inspectBuilt()
    expect(Object.keys(expected).sort()).toEqual(ALL)
    const distro = copied()
    // A user without write access to the cache reads the compiled config.
    fs.chmodSync(Distro.built().root, 0o755)
    await inspect(distro)
    expect(changedKeys(expected, await inspect(distro, around(distro)))).toEqual([])
  })

  const copies: readonly (readonly [string, () => Distro, Change])[] = [
    ['the order of directories', () => copied(copyReversed), () => {}],
    ['file times', copied, everywhere((path) => fs.utimesSync(path, 1, 1))],
    [
      'permissions to read and write',
      copied,
      everywhere((path) => fs.chmodSync(path, fs.statSync(path).mode & 0o700)),
    ],
  ]
  test.each(copies)('%s', async (_, copy, change) => {
    const distro = copy()
    change(distro)
    expect(changedKeys(await inspectBuilt(), await inspect(distro))).toEqual([])
  })
})

describe('a change affects only the keys of the artifacts that see', () => {
  const lock = 'artifacts/loaders/loaders.lock'
  const withTools = replace('build.config.ts', 'epoch:', "toolPath: ['tools'], epoch:")
  const wrapper = (tool: string): string => `#!/bin/sh\nexec /usr/bin/${tool} "$@"\n`
  const imported = '\nimport { SHARED } from "../shared.ts"\nvoid SHARED\n'

  const changes: readonly (readonly [
    what: string,
    expected: readonly string[],
    change: Change,
    before?: Change,
  ])[] = [
    ['the module of a producer', ['rootfs'], append('artifacts/rootfs/index.ts', '//\n')],
    ['a module that it imports', ['initramfs'], append('artifacts/initramfs/image.ts', '//\n')],
    [
      'a module that an imported module imports',
      ['disk', 'qcow2'],
      append('artifacts/disk/layout.ts', '//\n'),
    ],
    [
      'a module that two producers import',
      ['kernel', 'loaders'],
      append('artifacts/shared.ts', '//\n'),
      all(
        write('artifacts/shared.ts', 'export const SHARED = 1\n'),
        append('artifacts/kernel/index.ts', imported),
        append('artifacts/loaders/index.ts', imported),
      ),
    ],
    ['the code that resolves a lockfile: no artifact', [], append('artifacts/packages/index.ts', '//\n')],
    ['the list of artifacts: no artifact', [], append('build.config.ts', '//\n')],

    ['a param', ['disk'], replace('build.config.ts', "'256G'", "'128G'")],
    ['a text param', ['overlay'], replace('build.config.ts', "'levitate'", "'other'")],

    ['the content of a file', ['modules'], append('artifacts/modules/modules.list', '# edited\n')],
    [
      'whether a file is executable',
      ['initramfs'],
      (distro) => fs.chmodSync(distro.path('artifacts/initramfs/init-live'), 0o755),
      (distro) => fs.chmodSync(distro.path('artifacts/initramfs/init-live'), 0o644),
    ],

    ['an entry added to a tree', ['overlay'], write(`${TREE}/etc/new`, '')],
    ['the content of an entry of a tree', ['overlay'], append(`${TREE}/etc/motd`, 'edited\n')],
    [
      'an entry of a tree that is a file input of another artifact',
      ['iso', 'overlay'],
      append(`${TREE}/usr/lib/os-release`, 'X=1\n'),
    ],
    [
      'a renamed entry of a tree',
      ['overlay'],
      (distro) => fs.renameSync(distro.path(`${TREE}/etc/motd`), distro.path(`${TREE}/etc/mott`)),
    ],
    ['a deleted entry of a tree', ['overlay'], (distro) => fs.rmSync(distro.path(`${TREE}/etc/motd`))],
    [
      'the executable bit of an entry of a tree',
      ['overlay'],
      (distro) => fs.chmodSync(distro.path(`${TREE}/etc/motd`), 0o755),
    ],
    ['an empty directory', ['overlay'], (distro) => fs.mkdirSync(distro.path(`${TREE}/empty`))],
    [
      'the target of a link',
      ['overlay'],
      (distro) => {
        fs.rmSync(distro.path(`${TREE}/link`))
        fs.symlinkSync('other', distro.path(`${TREE}/link`))
      },
      (distro) => fs.symlinkSync('one', distro.path(`${TREE}/link`)),
    ],

    ['the SHA-256 of a download', ['loaders'], replace(lock, /"sha256":"[0-9a-f]{8}/, '"sha256":"00000000')],
    ['the name of a download', ['loaders'], replace(lock, /"name":"/, '"name":"x')],
    [
      'the version of a download, which is for people: no artifact',
      [],
      replace(lock, /"version":"/, '"version":"0'),
    ],

    [
      'a tool of the workspace',
      ['disk', 'iso'],
      append('tools/mcopy', '#\n'),
      all(withTools, write('tools/mcopy', wrapper('mcopy'), 0o755)),
    ],
    [
      'a tool of the workspace that comes before the one of the system',
      ['initramfs', 'kernel', 'modules'],
      write('tools/zstd', wrapper('zstd'), 0o755),
      withTools,
    ],
    [
      'the same tool at another path: no artifact',
      [],
      all(write('tools/zstd', '', 0o755), (distro) =>
        fs.copyFileSync('/usr/bin/zstd', distro.path('tools/zstd')),
      ),
      withTools,
    ],
    [
      'a program beside the tools that no artifact declares',
      [],
      write('tools/other', wrapper('true'), 0o755),
      withTools,
    ],

    ['the time inside outputs', ALL, replace('build.config.ts', '1767225600', '1767225601')],
  ]
  const cases = changes.map(([what, expected, change, prepare]) => ({ what, expected, change, prepare }))
  test.each(cases)('$what', async ({ expected, change, prepare }) => {
    const distro = copied()
    prepare?.(distro)
    const before = await (prepare ? inspect(distro) : inspectBuilt())
    change(distro)
    expect(changedKeys(before, await inspect(distro))).toEqual(expected)
  })

  test('a declared variable, which is unset, empty or set', async () => {
    const distro = copied()
    replace('artifacts/overlay/index.ts', 'outputs: {', "env: ['FLAVOUR'], outputs: {")(distro)
    const [unset, empty, set] = [
      await inspect(distro),
      await inspect(distro, { env: { FLAVOUR: '' } }),
      await inspect(distro, { env: { FLAVOUR: 'spicy' } }),
    ]
    expect(changedKeys(unset, empty)).toEqual(['overlay'])
    expect(changedKeys(empty, set)).toEqual(['overlay'])
    expect(changedKeys(unset, set)).toEqual(['overlay'])
  })

  test.each([
    ['src/images/erofs.ts', ['rootfs']],
    ['src/images/fat.ts', ['disk', 'iso']],
    ['src/planner/plan.ts', []],
    ['src/sandbox/child.ts', []],
  ])('%s of lbuild', async (path, expected) => {
    const home = temporaryDirectory()
    for (const part of ['src', 'lbuild', 'package.json'])
      fs.cpSync(`${HOME}/${part}`, `${home}/${part}`, { recursive: true, verbatimSymlinks: true })
    fs.symlinkSync(`${HOME}/node_modules`, `${home}/node_modules`)
    const distro = copied()
    const before = await inspect(distro, { home })
    expect(fs.existsSync(`${home}/${path}`)).toBe(true)
    fs.appendFileSync(`${home}/${path}`, '// edited\n')
    expect(changedKeys(before, await inspect(distro, { home }))).toEqual(expected)
  })
})
