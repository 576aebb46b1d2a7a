// Tests that images without systemd and without a login pass `lbuild boot`, with a real kernel and busybox.
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { exec, HOME, PATIENT_BOOT } from './support/distro.ts'

const root = realpathSync(mkdtempSync(join(tmpdir(), 'lbuild-e2e-')))
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** Replaces a text, which must exist, in a file of the distro. */
function edit(path: string, from: string, to: string): void {
  const text = readFileSync(join(root, path), 'utf8')
  if (!text.includes(from)) throw new Error(`${path} does not contain '${from}'`)
  writeFileSync(join(root, path), text.replace(from, to))
}

/** The document of `lbuild boot qcow2`. */
async function boot(): Promise<unknown> {
  const limit = String(PATIENT_BOOT.bootSeconds)
  const { code, stdout, stderr } = await exec(
    [`${HOME}/lbuild`, 'boot', 'qcow2', '--json', '--timeout', limit],
    root,
  )
  expect(code, stderr).toBe(0)
  return JSON.parse(stdout)
}

test('an image without systemd passes if root can log in; with a declared prompt also if nobody logs in', async () => {
  const { code, stderr } = await exec([`${HOME}/lbuild`, 'init', '.', '--template', 'minimal'], root)
  expect(code, stderr).toBe(0)
  const expected = { root: { source: 'rootfs', fstype: 'rootfs' }, failedUnits: [], poweredOff: true }
  const login = await boot()
  expect(login).toMatchObject(expected)
  expect(login).not.toHaveProperty('systemState')

  edit('artifacts/initramfs/files/init', 'exec init', 'exec setsid cttyhack sh')
  edit('artifacts/initramfs/files/init', '< /dev/console > /dev/console', '< /dev/ttyS0 > /dev/ttyS0')
  edit('build.config.ts', '] })', "], boot: { targets: { qcow2: { prompt: '^/ # ' } } } })")
  expect(await boot()).toMatchObject(expected)
})
