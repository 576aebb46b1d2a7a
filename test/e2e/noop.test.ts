// Tests builds and other commands if there is nothing to do.
import { lstatSync, readdirSync } from 'node:fs'
import { expect, inject, test } from 'vitest'
import { Distro, IMAGES, withOutcome } from './support/distro.ts'

const distro = Distro.copyForFile()

const stateOfOutput = (): string[] =>
  readdirSync(distro.path('output')).map((name) => {
    const { ino, size, mtimeMs, ctimeMs } = lstatSync(distro.path(`output/${name}`))
    return `${name} ${ino} ${size} ${mtimeMs} ${ctimeMs}`
  })

test('a first build runs every producer and publishes the images', () => {
  const names = [
    'base',
    'disk',
    'initramfs',
    'iso',
    'kernel',
    'loaders',
    'modules',
    'overlay',
    'qcow2',
    'rootfs',
  ]
  expect(withOutcome(inject('firstBuild'), 'built')).toEqual(names)
  const published = ['initramfs-installed.img', 'initramfs-live.img', 'kernel.config', 'levitateos.iso']
  expect(readdirSync(distro.path('output'))).toEqual(
    expect.arrayContaining([
      ...published,
      'levitateos.iso.sha512',
      'levitateos.qcow2',
      'rootfs.erofs',
      'vmlinuz',
    ]),
  )
})

test('a second build runs nothing, writes nothing to output/ and reports that', async () => {
  await distro.build(...IMAGES)
  const before = stateOfOutput()
  const { code, stdout, stderr } = await distro.lbuild([...IMAGES])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^iso, qcow2 are fresh: nothing to do \(10 artifacts checked/)
  expect(stateOfOutput()).toEqual(before)
})

test('status, why, graph and dry runs change no state that verdicts depend on', async () => {
  await distro.build(...IMAGES)
  const files = (): unknown[] =>
    ['records', 'objects', 'log'].map((part) =>
      readdirSync(distro.path(`cache/${part}`), { recursive: true }).sort(),
    )
  const before = files()
  for (const args of [
    ['status'],
    ['why', 'qcow2'],
    ['graph'],
    ['qcow2', '--dry-run'],
    ['iso', '--dry-run', '--force'],
  ])
    expect(await distro.lbuild(args)).toMatchObject({ code: 0, stderr: '' })
  expect(files()).toEqual(before)
  expect((await distro.lbuild(['status', '--check'])).code).toBe(0)
})
