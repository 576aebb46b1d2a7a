// Builds and boots the templates of `lbuild init` as a new user does: from an empty directory, with the packed lbuild.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { checkBoot } from '../../src/vm/bootCheck.ts'
import { Distro, exec, PATIENT_BOOT } from './support/distro.ts'

const root = realpathSync(mkdtempSync(`${tmpdir()}/lbuild-init-`))
const store = `${root}/store`

beforeAll(() => {
  // The store has what the reference distro downloaded. The templates resolve their own lockfiles, mostly to the same files.
  mkdirSync(store)
  execFileSync('cp', ['-a', '--link', Distro.built().path('cache/objects'), store])
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** The image of a template, made in an empty directory by the commands that README names. */
async function imageOf(template: string): Promise<string> {
  const directory = `${root}/my-${template}`
  mkdirSync(directory)
  const commands = `npm i -D '${inject('tarball')}' && npx lbuild init --template ${template} && npx lbuild qcow2`
  // npm has its settings and its cache in the home directory.
  const env = { HOME: process.env.HOME ?? '/', LBUILD_CACHE_DIR: store }
  const { code, stdout, stderr } = await exec(['sh', '-c', commands], directory, env)
  expect(code, `${stdout}${stderr}`).toBe(0)
  expect(readdirSync(`${directory}/output`)).toEqual([`my-${template}.qcow2`])
  return `${directory}/output/my-${template}.qcow2`
}

test('npm i -D TARBALL && npx lbuild init --template minimal && npx lbuild qcow2 makes an image that boots', async () => {
  const image = await imageOf('minimal')
  const commands = ['hostname', 'cat /etc/os-release']
  const report = await checkBoot({ ...PATIENT_BOOT, image, firmware: 'uefi', commands })
  expect(report).toMatchObject({ failedUnits: [], poweredOff: true })
  const [hostname, release] = report.commands.map(({ output }) => output)
  expect(hostname).toBe('my-minimal')
  expect(release).toContain('\nID=my-minimal\n')
})

test('the same with --template debian makes a system without failed units, with a network and ssh', async () => {
  const image = await imageOf('debian')
  const commands = [
    'systemctl is-active ssh systemd-resolved',
    '/usr/lib/systemd/systemd-networkd-wait-online --timeout=60 && echo online',
    'hostname',
    'findmnt -no FSTYPE /boot',
  ]
  const report = await checkBoot({ ...PATIENT_BOOT, image, firmware: 'uefi', commands })
  expect(report).toMatchObject({
    systemState: 'running',
    failedUnits: [],
    poweredOff: true,
    root: { fstype: 'ext4' },
  })
  expect(report.commands.map(({ output }) => output)).toEqual([
    'active\nactive',
    'online',
    'my-debian',
    'vfat',
  ])
})
