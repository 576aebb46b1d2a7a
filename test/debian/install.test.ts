import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Failure } from '../../src/platform/failure.ts'
import { renderFailure } from '../../src/platform/renderFailure.ts'
import {
  detectManager,
  installPlan,
  installTools,
  missingTools,
  missingToolsFailure,
} from '../../src/debian/install.ts'
import { filesPresent, knownTools, type Manager, packageOf } from '../../src/debian/hostPackages.ts'
import { file, folder, program } from '../support/fakes.ts'

const MANAGERS: readonly Manager[] = ['apt', 'dnf', 'pacman', 'zypper']

describe('what is missing', () => {
  test('is named once each, in the order given', () => {
    const path = folder()
    program(path, 'mcopy')
    expect(missingTools(['xorriso', 'mcopy', 'mmd', 'xorriso'], path)).toEqual(['xorriso', 'mmd'])
  })

  test('may be files', () => {
    const root = folder()
    expect(missingTools(['ovmf', 'debian-archive-keyring'], '', root)).toEqual([
      'ovmf',
      'debian-archive-keyring',
    ])
    file(root, 'usr/share/OVMF/OVMF_CODE_4M.fd')
    file(root, 'usr/share/OVMF/OVMF_VARS_4M.fd')
    file(root, 'usr/share/keyrings/debian-archive-keyring.gpg')
    expect(missingTools(['ovmf', 'debian-archive-keyring'], '', root)).toEqual([])
    expect(filesPresent('mcopy', root)).toBeUndefined()
  })
})

describe('packages', () => {
  test('every known tool has one on Debian, and no name is empty', () => {
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

describe('the manager', () => {
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
  ])('of %j', (release, manager) => {
    const root = folder()
    file(root, 'etc/os-release', release)
    expect(detectManager(all(), root)).toBe(manager)
  })

  test('is the one that is there when the name says nothing, or the wrong thing', () => {
    const [root, path] = [folder(), folder()]
    expect(detectManager(path, root)).toBeUndefined()
    program(path, 'pacman')
    expect(detectManager(path, root)).toBe('pacman')
    file(root, 'etc/os-release', 'ID=debian\n')
    expect(detectManager(path, root)).toBe('pacman')
  })
})

describe('a plan', () => {
  test('for apt as root', () => {
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
  ])('for %s as an ordinary user', (manager, line) => {
    expect(installPlan(['xorriso'], manager, false).line).toBe(line)
  })

  test('names what no package is known for', () => {
    expect(installPlan(['frobnicate', 'mmdebstrap'], 'pacman', true)).toMatchObject({
      packages: [],
      commands: [],
      line: '',
      unknown: ['frobnicate', 'mmdebstrap'],
    })
  })
})

describe('the message', () => {
  test('names all tools, their packages, and the command', () => {
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

  test('without a manager says only that they must be installed', () => {
    const failure = missingToolsFailure(['xorriso'], undefined)
    expect(failure).toMatchObject({
      headline: 'a tool is missing',
      facts: [['xorriso', 'must be installed']],
    })
    expect(failure.hint).not.toContain('--install-tools')
  })
})

describe('installing', () => {
  test('runs the commands in order, without questions, and looks again', async () => {
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

  test('goes through sudo with its environment when not root', async () => {
    const path = folder()
    const log = join(path, 'log')
    program(path, 'sudo', `echo "$*" >> ${log}; echo > ${path}/xorriso; /bin/chmod +x ${path}/xorriso`)
    await installTools(['xorriso'], { manager: 'dnf', path, root: false })
    expect(readFileSync(log, 'utf8')).toBe('env DEBIAN_FRONTEND=noninteractive dnf install -y xorriso\n')
  })

  test('that fails shows what the manager said', async () => {
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

  test('that has not brought everything names the rest', async () => {
    const path = folder()
    program(path, 'dnf')
    await expect(installTools(['xorriso'], { manager: 'dnf', path, root: true })).rejects.toMatchObject({
      headline: 'a tool is missing',
    })
  })

  test('without sudo, or without a manager, is a clear error', async () => {
    const path = folder()
    const asUser = installTools(['xorriso'], { manager: 'dnf', path, root: false })
    await expect(asUser).rejects.toMatchObject({
      facts: [expect.anything(), ['exit status', 'sudo is not there']],
    })
    const root = join(path, 'nowhere')
    await expect(installTools(['xorriso'], { path: root, root: true })).rejects.toBeInstanceOf(Failure)
  })

  test('of nothing runs nothing', async () => {
    await installTools([], { manager: 'apt', path: '/nonexistent', root: true })
  })
})
