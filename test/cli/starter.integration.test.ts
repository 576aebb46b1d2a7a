// The starter needs only Node: it installs the libraries of lbuild, also after an update added one.
import { spawnSync } from 'node:child_process'
import type { SpawnSyncReturns } from 'node:child_process'
import { chmodSync, chownSync, cpSync, mkdirSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { TINY } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

it('installs libraries if one is missing, and only then', async () => {
  const workspace = new TestWorkspace({})
  for (const part of ['lbuild', 'src', 'package.json'])
    cpSync(`${HOME}/${part}`, workspace.path(part), { recursive: true, verbatimSymlinks: true })
  mkdirSync(workspace.path('node_modules'))
  for (const name of readdirSync(`${HOME}/node_modules`).filter((one) => !one.startsWith('.')))
    symlinkSync(`${HOME}/node_modules/${name}`, workspace.path(`node_modules/${name}`))
  // A fake npm that prints its arguments and provides the one missing library.
  const link = `ln -s '${HOME}/node_modules/execa' node_modules/execa`
  workspace.write('bin/npm', `#!/bin/sh\necho "npm $*" >&2\n${link}\n`, 0o755)
  workspace.env['PATH'] = `${workspace.path('bin')}:/usr/sbin:/usr/bin:/sbin:/bin`
  const lbuild = workspace.from(workspace.root)
  expect(await lbuild.lbuild('--version')).toMatchObject({ code: 0, stderr: '' })

  rmSync(workspace.path('node_modules/execa'))
  rmSync(workspace.path('cache'), { recursive: true })
  const { code, stdout, stderr } = await lbuild.lbuild('--version')
  expect(stderr).toMatch(/^installing the libraries of lbuild [\d.]+ \(npm ci\) …\nnpm ci --ignore-scripts/)
  expect([code, stdout]).toEqual([0, 'lbuild 0.1.0\n'])
})

it.each(['a\\b', 'a*b', 'a?b#c%5C'])('compiles a checkout in %j', async (name) => {
  const above = new TestWorkspace({})
  const checkout = new TestWorkspace({}, above.path(name))
  mkdirSync(checkout.root)
  for (const part of ['lbuild', 'src', 'package.json'])
    cpSync(`${HOME}/${part}`, checkout.path(part), { recursive: true, verbatimSymlinks: true })
  symlinkSync(`${HOME}/node_modules`, checkout.path('node_modules'))
  checkout.writeAll(TINY)
  await checkout.from(checkout.root).succeed('other')
  expect(checkout.read('output/other.txt')).toBe('a note\n')
})

describe.runIf(process.geteuid?.() === 0)('a checkout that the user may not write', () => {
  const asNobody = (home: string, env: Readonly<Record<string, string>>): SpawnSyncReturns<string> =>
    spawnSync(
      'setpriv',
      ['--reuid=65534', '--regid=65534', '--clear-groups', process.execPath, `${home}/lbuild`, '--version'],
      { encoding: 'utf8', env: { PATH: '/usr/bin:/bin', ...env } },
    )

  it('needs LBUILD_CACHE_DIR, and says so', () => {
    const home = new TestWorkspace({})
    for (const part of ['lbuild', 'src', 'package.json'])
      cpSync(`${HOME}/${part}`, home.path(part), { recursive: true, verbatimSymlinks: true })
    cpSync(`${HOME}/node_modules`, home.path('node_modules'), { recursive: true, verbatimSymlinks: true })
    chmodSync(home.root, 0o755)
    const { status, stderr } = asNobody(home.root, {})
    expect(stderr).toBe(
      `error: cannot write the compiled lbuild: EACCES\n  directory: ${home.root}/cache/lbuild\n  hint: set LBUILD_CACHE_DIR to a directory that you can write\n`,
    )
    expect(status).toBe(2)
    mkdirSync(home.path('own'))
    chownSync(home.path('own'), 65534, 65534)
    const { stdout } = asNobody(home.root, { LBUILD_CACHE_DIR: home.path('own/cache') })
    expect(stdout).toBe('lbuild 0.1.0\n')
    expect(home.exists('cache')).toBe(false)
  })
})
