// Tests that the images have the same bytes for every user, in every directory and environment.
import { createHash } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ORDINARY_USER } from '../support/ordinaryUser.ts'
import { Distro, exec, HOME, IMAGES } from './support/distro.ts'

const digests = (directory: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => !name.includes('.preserved-'))
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(join(directory, name)))
          .digest('hex'),
      ]),
  )

/** The words before a command that run it as an ordinary user. */
const AS_USER = process.geteuid?.() === 0 ? ['runuser', '-u', ORDINARY_USER, '--'] : []

test('another user in another directory, with another umask, time zone and locale, builds the same bytes', async () => {
  const first = Distro.built()
  // lbuild is in another directory, too.
  const home = mkdtempSync(join(tmpdir(), 'another place é '))
  try {
    for (const part of ['src', 'lbuild', 'package.json', 'node_modules'])
      cpSync(join(HOME, part), join(home, part), { recursive: true, verbatimSymlinks: true })
    first.copySourcesTo(home)
    writeFileSync(join(home, 'build.sh'), 'umask 077\nexec "$@"\n')
    chmodSync(home, 0o755)
    if (AS_USER.length > 0) execFileSync('chown', ['-R', ORDINARY_USER, home])
    const command = [...AS_USER, 'sh', './build.sh', process.execPath, './lbuild', ...IMAGES]
    const { code, stderr } = await exec(command, home, { TZ: 'Asia/Tokyo', LC_ALL: 'C', USER: ORDINARY_USER })
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    expect(digests(join(home, 'output'))).toEqual(digests(first.path('output')))
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})

test.runIf(process.geteuid?.() === 0)(
  'root without namespaces, as in a plain container, gets a warning and builds the same bytes',
  async () => {
    const first = Distro.built()
    const distro = new Distro(mkdtempSync(join(tmpdir(), 'lbuild-e2e-')))
    first.copySourcesTo(distro.root)
    try {
      const container = ['setpriv', '--bounding-set=-sys_admin,-mknod', '--']
      const { code, stderr } = await exec(
        [...container, process.execPath, `${HOME}/lbuild`, ...IMAGES],
        distro.root,
      )
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
      expect(stderr).toContain('warning: producers run unconfined')
      expect(digests(distro.path('output'))).toEqual(digests(first.path('output')))
    } finally {
      distro.remove()
    }
  },
)
