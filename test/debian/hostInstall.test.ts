// Tests of installing missing tools with the package manager of the host.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/platform/failure.ts'
import { renderFailure } from '../../src/platform/renderFailure.ts'
import {
  detectManager,
  installPlan,
  hasTool,
  installTools,
  missingToolsFailure,
} from '../../src/debian/hostInstall.ts'
import { knownTools, type Manager, packageOf } from '../../src/debian/hostPackages.ts'
import { file, folder, program } from '../support/fakes.ts'

const MANAGERS: readonly Manager[] = ['apt', 'dnf', 'pacman', 'zypper']

describe('a tool', () => {
  test('may be a program', () => {
    const path = folder()
    expect(hasTool('mcopy', path)).toBe(false)
    program(path, 'mcopy')
    expect(hasTool('mcopy', path)).toBe(true)
  })

  test('may be a file', () => {
    const root = folder()
    expect(hasTool('debian-archive-keyring', '', root)).toBe(false)
    file(root, 'usr/share/keyrings/debian-archive-keyring.gpg')
    expect(hasTool('debian-archive-keyring', '', root)).toBe(true)
  })
})

describe('packages', () => {
  test('exist for every known tool on Debian, and have names', () => {
    for (const tool of knownTools()) {
      expect(packageOf(tool, 'apt')).toMatch(/^[a-z0-9][a-z0-9+.-]+$/)
      for (const manager of MANAGERS) expect(packageOf(tool, manager)).not.toBe('')
    }
  })

  test('differ between distributions', () => {
    const names = (tool: string) => MANAGERS.map((manager) => packageOf(tool, manager))
    expect(names('newuidmap')).toEqual(['uidmap', 'shadow-utils', 'shadow', 'shadow'])
    expect(names('sfdisk')).toEqual(['fdisk', 'util-linux', 'util-linux', 'util-linux'])
    expect(names('mmdebstrap')).toEqual(['mmdebstrap', 'mmdebstrap', null, null])
    expect(names('frobnicate')).toEqual([undefined, undefined, undefined, undefined])
  })
})

describe('the package manager', () => {
  const all = (): string => {
    const path = folder()
    for (const name of ['apt-get', 'dnf', 'pacman', 'zypper']) program(path, name)
    return path
  }

  test.each<readonly [release: string, manager: Manager]>([
    ['ID=debian\n', 'apt'],
    ['ID=pop\nID_LIKE="ubuntu debian"\n', 'apt'],
    ['ID=fedora\n', 'dnf'],
    ['ID="rocky"\nID_LIKE="rhel centos fedora"\n', 'dnf'],
    ['ID=arch\n', 'pacman'],
    ['ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', 'zypper'],
  ])('is detected from %j', (release, manager) => {
    const root = folder()
    file(root, 'etc/os-release', release)
    expect(detectManager(all(), root)).toBe(manager)
  })

  test('is the available one when os-release names none or another', () => {
    const [root, path] = [folder(), folder()]
    expect(detectManager(path, root)).toBeUndefined()
    program(path, 'pacman')
    expect(detectManager(path, root)).toBe('pacman')
    file(root, 'etc/os-release', 'ID=debian\n')
    expect(detectManager(path, root)).toBe('pacman')
  })
})

describe('an installation plan', () => {
  test('updates the package lists of apt first', () => {
    expect(installPlan(['mmd', 'xorriso', 'mcopy'], 'apt', true)).toEqual({
      manager: 'apt',
      packages: ['mtools', 'xorriso'],
      commands: [
        ['apt-get', 'update'],
        ['apt-get', 'install', '-y', '--no-install-recommends', 'mtools', 'xorriso'],
      ],
      line: 'apt-get update && apt-get install -y --no-install-recommends mtools xorriso',
      unknown: [],
    })
  })

  test.each<readonly [manager: Manager, line: string]>([
    ['apt', 'sudo apt-get update && sudo apt-get install -y --no-install-recommends xorriso'],
    ['dnf', 'sudo dnf install -y xorriso'],
    ['pacman', 'sudo pacman -S --needed --noconfirm libisoburn'],
    ['zypper', 'sudo zypper --non-interactive install --no-recommends xorriso'],
  ])('uses sudo for %s as an ordinary user', (manager, line) => {
    expect(installPlan(['xorriso'], manager, false).line).toBe(line)
  })

  test('names tools without a known package', () => {
    expect(installPlan(['frobnicate', 'mmdebstrap'], 'pacman', true)).toMatchObject({
      packages: [],
      commands: [],
      line: '',
      unknown: ['frobnicate', 'mmdebstrap'],
    })
  })
})

describe('the message about missing tools', () => {
  test('names all tools, their packages, and the command that installs them', () => {
    const failure = missingToolsFailure(['xorriso', 'frobnicate'], 'apt', true)
    expect(failure.exitCode).toBe(2)
    expect(renderFailure(failure, false)).toBe(
      [
        'error: 2 tools are missing',
        '  xorriso:    package xorriso',
        '  frobnicate: must be installed',
        "  hint: run 'apt-get update && apt-get install -y --no-install-recommends xorriso', or let lbuild do it: --install-tools",
      ].join('\n'),
    )
  })

  test('says only that they must be installed when there is no package manager', () => {
    const failure = missingToolsFailure(['xorriso'], undefined)
    expect(failure).toMatchObject({
      headline: 'a tool is missing',
      facts: [['xorriso', 'must be installed']],
    })
    expect(failure.hint).not.toContain('--install-tools')
  })
})

describe('an installation', () => {
  test('runs the commands in order and without questions, and checks the result', async () => {
    const path = folder()
    const log = join(path, 'log')
    const create = `case $1 in install) echo '#!/bin/sh' > ${path}/xorriso; /bin/chmod +x ${path}/xorriso;; esac`
    program(path, 'apt-get', `echo "$DEBIAN_FRONTEND $*" >> ${log}; ${create}; echo done; printf partial >&2`)
    const said: string[] = []
    await installTools(['xorriso'], { manager: 'apt', path, root: true, say: (line) => said.push(line) })
    expect(readFileSync(log, 'utf8')).toBe(
      'noninteractive update\nnoninteractive install -y --no-install-recommends xorriso\n',
    )
    expect(said).toContain('$ apt-get install -y --no-install-recommends xorriso')
    expect(said).toContain('done')
    expect(said).toContain('partial')
  })

  test('passes its environment through sudo when not root', async () => {
    const path = folder()
    const log = join(path, 'log')
    program(path, 'sudo', `echo "$*" >> ${log}; echo > ${path}/xorriso; /bin/chmod +x ${path}/xorriso`)
    await installTools(['xorriso'], { manager: 'dnf', path, root: false })
    expect(readFileSync(log, 'utf8')).toBe('env DEBIAN_FRONTEND=noninteractive dnf install -y xorriso\n')
  })

  test('shows the output of the package manager when it fails', async () => {
    const path = folder()
    program(path, 'dnf', 'echo "No match for argument: xorriso"; exit 1')
    const failure = await installTools(['xorriso'], { manager: 'dnf', path, root: true }).catch(
      (error) => error,
    )
    expect(failure).toBeInstanceOf(Failure)
    expect(failure).toMatchObject({ tail: 'No match for argument: xorriso' })
    expect(failure.facts).toEqual([
      ['command', 'dnf install -y xorriso'],
      ['exit status', '1'],
    ])
  })

  test('names the tools that are still missing', async () => {
    const path = folder()
    program(path, 'dnf')
    await expect(installTools(['xorriso'], { manager: 'dnf', path, root: true })).rejects.toMatchObject({
      headline: 'a tool is missing',
    })
  })

  test('fails without sudo, and without a package manager', async () => {
    const path = folder()
    const asUser = installTools(['xorriso'], { manager: 'dnf', path, root: false })
    await expect(asUser).rejects.toMatchObject({
      facts: [expect.anything(), ['exit status', 'sudo is missing']],
    })
    const root = join(path, 'nowhere')
    await expect(installTools(['xorriso'], { path: root, root: true })).rejects.toBeInstanceOf(Failure)
  })

  test('runs nothing when no tools are missing', async () => {
    await installTools([], { manager: 'apt', path: '/nonexistent', root: true })
  })
})
