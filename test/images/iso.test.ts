// Tests of ISO images: xorriso and sfdisk are the oracles.
import { readFile, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commandLine, isoFiles, isolinuxConfig } from '../../artifacts/iso/contents.ts'
import { makeFat } from '../../src/images/fat.ts'
import { isoDate, makeIso, type IsoFile } from '../../src/images/iso.ts'
import { checkIso, readIso, sameBytes } from '../../src/images/isoCheck.ts'
import { digestOfFile, EPOCH, plant, run, temporary } from '../support/images.ts'

const UKI = Buffer.alloc(5000, 'uki')

/** An ISO with placeholders for its boot loaders, which suffice for every table that firmware reads. */
async function iso(
  prepare?: (file: IsoFile) => Promise<void>,
): Promise<{ directory: string; image: string; files: IsoFile[] }> {
  const directory = await temporary()
  await plant(directory, {
    'isolinux.bin': Buffer.alloc(38_912, 'isolinux'),
    'mbr.bin': Buffer.alloc(432, 'mbr'),
    'root=fs \\x': Buffer.alloc(3_000_000, 'rootfs'),
    'esp.img': '',
  })
  const esp = join(directory, 'esp.img')
  await truncate(esp, 18 * 2 ** 20)
  await makeFat(run, {
    image: esp,
    offset: 0,
    size: 18 * 2 ** 20,
    bits: 16,
    label: 'ESP',
    volumeId: '00000001',
    files: [{ path: 'EFI/BOOT/BOOTX64.EFI', source: UKI }],
    epoch: EPOCH,
    scratch: directory,
  })
  const files = [
    { path: 'isolinux/isolinux.bin', source: join(directory, 'isolinux.bin') },
    { path: 'live/rootfs.erofs', source: join(directory, 'root=fs \\x') },
  ]
  if (prepare) for (const file of files) await prepare(file)
  const image = join(directory, 'out.iso')
  await makeIso(run, {
    image,
    label: 'LEVITATEOS',
    diskGuid: '0123456789abcdef0123456789abcdef',
    files,
    esp,
    mbr: join(directory, 'mbr.bin'),
    biosLoader: 'isolinux/isolinux.bin',
    epoch: EPOCH,
  })
  return { directory, image, files }
}

const expected = ({ directory, files }: Awaited<ReturnType<typeof iso>>) => {
  const biosLoader = 'isolinux/isolinux.bin'
  return { label: 'LEVITATEOS', files, biosLoader, uefiLoader: UKI, scratch: directory }
}

test('makes an ISO with its files, and loaders for BIOS and UEFI', async () => {
  const made = await iso()
  const contents = await readIso(run, made.image)
  expect(contents.label).toBe('LEVITATEOS')
  expect(contents.files.map(({ path }) => path).sort()).toEqual([
    'isolinux/isolinux.bin',
    'live/rootfs.erofs',
  ])
  expect(contents.boot.map(({ platform }) => platform)).toEqual(['BIOS', 'UEFI'])
  await checkIso(run, made.image, expected(made))
})

test('makes an ISO with a partition table that contains the EFI system partition', async () => {
  const { image } = await iso()
  const { stdout } = await run('sfdisk', ['--json', image])
  expect(JSON.parse(stdout)).toMatchObject({
    partitiontable: {
      label: 'gpt',
      partitions: expect.arrayContaining([
        expect.objectContaining({ type: 'C12A7328-F81F-11D2-BA4B-00A0C93EC93B' }),
      ]),
    },
  })
})

test('makes equal ISOs from files with other times and modes', async () => {
  const one = await iso()
  const two = await iso(async ({ source }) => {
    await utimes(source, 1, 1)
    await run('chmod', ['700', source])
  })
  expect(await digestOfFile(two.image)).toBe(await digestOfFile(one.image))
})

test('writes the label and date where the initramfs reads them', async () => {
  expect(isoDate(EPOCH)).toBe('2026010100000000')
  const { image } = await iso()
  const head = (await readFile(image)).subarray(32768, 32768 + 2048)
  expect(head.toString('latin1', 1, 6)).toBe('CD001')
  expect(head.toString('latin1', 40, 72).trimEnd()).toBe('LEVITATEOS')
  expect(head.toString('latin1', 830, 846)).toBe(isoDate(EPOCH))
  expect(commandLine('X', EPOCH, 'console=tty0')).toBe('live.label=X live.uuid=2026010100000000 console=tty0')
})

test('finds differences from the sources', async () => {
  const made = await iso()
  const wrong = { ...expected(made), label: 'OTHER' }
  await expect(checkIso(run, made.image, wrong)).rejects.toThrow('the label of the ISO differs')
  const more = { ...expected(made), files: [...made.files, { path: 'boot/vmlinuz', source: made.image }] }
  await expect(checkIso(run, made.image, more)).rejects.toThrow('the ISO has no /boot/vmlinuz')
  const uki = { ...expected(made), uefiLoader: Buffer.from('other') }
  await expect(checkIso(run, made.image, uki)).rejects.toThrow('the loader for UEFI on the ISO differs')
  await writeFile(join(made.directory, 'root=fs \\x'), Buffer.alloc(3_000_000, 'rootFS'))
  await expect(checkIso(run, made.image, expected(made))).rejects.toThrow(
    '/live/rootfs.erofs on the ISO differs',
  )
})

test('compares files to their last byte', async () => {
  const directory = await plant(await temporary(), {
    whole: 'abcdef',
    part: 'cde',
    other: 'cdx',
    long: 'cdef',
  })
  const whole = join(directory, 'whole')
  expect(await sameBytes(whole, 2, 3, join(directory, 'part'))).toBe(true)
  expect(await sameBytes(whole, 2, 3, join(directory, 'other'))).toBe(false)
  expect(await sameBytes(whole, 2, 3, join(directory, 'long'))).toBe(false)
  expect(await sameBytes(whole, 4, 3, join(directory, 'part'))).toBe(false)
})

test('boots files that are on the ISO', () => {
  const sources = { initrd: 'a', linux: 'b', isolinux: 'c', ldlinux: 'd', rootfs: 'e' }
  const paths = isoFiles(sources, 'config').map(({ path }) => path)
  const config = isolinuxConfig('quiet')
  const named = [...config.matchAll(/^ {2}(?:KERNEL|INITRD) \/(.*)$/gm)].map(([, path]) => path)
  expect(named).toHaveLength(2)
  for (const path of named) expect(paths).toContain(path)
  expect(config).toMatch(/^ {2}APPEND quiet$/m)
})
