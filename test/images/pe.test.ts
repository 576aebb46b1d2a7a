// Tests of PE images and unified kernel images.
import fc from 'fast-check'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { appendSections, readSections, type PeSection } from '../../src/images/pe.ts'
import { makeUki, readUki } from '../../src/images/uki.ts'
import { plant, temporary } from '../support/images.ts'

const HEADERS = 0x400
const OPTIONAL_SIZE = 240

/** A PE32+ image, built from the tables of "PE Format", with sections of these sizes. */
function stub(sizes: readonly number[] = [100, 700], signed = false): Buffer {
  const image = Buffer.alloc(HEADERS)
  const put = (at: number, value: number) => image.writeUInt32LE(value, at)
  image.write('MZ')
  put(0x3c, 0x80)
  image.write('PE\0\0', 0x80)
  const coff = 0x84
  image.writeUInt16LE(0x8664, coff)
  image.writeUInt16LE(sizes.length, coff + 2)
  put(coff + 4, 0x11223344)
  image.writeUInt16LE(OPTIONAL_SIZE, coff + 16)
  const optional = coff + 20
  image.writeUInt16LE(0x20b, optional)
  put(optional + 32, 0x200)
  put(optional + 36, 0x200)
  put(optional + 60, HEADERS)
  put(optional + 64, 0xdeadbeef)
  put(optional + 108, 16)
  if (signed) put(optional + 112 + 4 * 8 + 4, 8)
  const chunks = [image]
  let raw = HEADERS
  let virtual = 0x4000
  sizes.forEach((size, index) => {
    const at = optional + OPTIONAL_SIZE + index * 40
    image.write(`.s${index}`, at)
    put(at + 8, size)
    put(at + 12, virtual)
    put(at + 16, Math.ceil(size / 512) * 512)
    put(at + 20, raw)
    chunks.push(Buffer.alloc(Math.ceil(size / 512) * 512, index + 1))
    raw += Math.ceil(size / 512) * 512
    virtual += Math.ceil(size / 512) * 512
  })
  put(optional + 56, virtual)
  return Buffer.concat(chunks)
}

const sections = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^\.[a-z]{1,7}$/).filter((name) => !name.startsWith('.s')),
    data: fc.uint8Array({ minLength: 1, maxLength: 9000 }),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 5 },
)

test('appends sections in order, on their own pages and inside the image', () => {
  fc.assert(
    fc.property(sections, (added) => {
      const image = Buffer.from(appendSections(stub(), added))
      const found = readSections(image)
      expect(found.slice(0, 2).map(({ name, data }) => [name, data.length])).toEqual([
        ['.s0', 100],
        ['.s1', 700],
      ])
      expect(found.slice(2).map(({ name, data }) => [name, Buffer.from(data)])).toEqual(
        added.map(({ name, data }) => [name, Buffer.from(data)]),
      )
      let end = 0
      for (const { virtualAddress, data } of found) {
        expect(virtualAddress).toBeGreaterThanOrEqual(end)
        end = virtualAddress + data.length
      }
      for (const { virtualAddress } of found.slice(2)) expect(virtualAddress % 4096).toBe(0)
      const size = image.readUInt32LE(0x84 + 20 + 56)
      expect(size % 4096).toBe(0)
      expect(size).toBeGreaterThanOrEqual(end)
      expect(image.length % 512).toBe(0)
    }),
  )
})

test('changes only numbers of the header, and keeps the time', () => {
  const before = stub()
  const after = Buffer.from(appendSections(before, [{ name: '.linux', data: Buffer.from('kernel') }]))
  expect(Buffer.compare(after.subarray(HEADERS, before.length), before.subarray(HEADERS))).toBe(0)
  expect(after.readUInt32LE(0x84 + 4)).toBe(0x11223344)
  expect(after.readUInt32LE(0x84 + 20 + 64)).toBe(0)
  expect(Buffer.compare(before, stub())).toBe(0)
})

test('rejects images and sections that cannot be appended', () => {
  const data = Buffer.from('x')
  const one: PeSection[] = [{ name: '.linux', data }]
  expect(() => appendSections(Buffer.from('#!/bin/sh\n'), one)).toThrow('not a 64-bit PE image')
  expect(() => appendSections(Buffer.alloc(4096), one)).toThrow('not a 64-bit PE image')
  expect(() => appendSections(stub([1], true), one)).toThrow('signed')
  expect(() => appendSections(stub(), [...one, ...one])).toThrow("cannot append section '.linux'")
  expect(() => appendSections(stub(), [{ name: '.toolonganame', data }])).toThrow('cannot append')
  const many = Array.from({ length: 20 }, (_, index) => ({ name: `.x${index}`, data }))
  expect(() => appendSections(stub(), many)).toThrow('has no room for more sections')
})

test('makes a unified kernel image with the section names of systemd-stub, and the kernel last', () => {
  const parts = {
    osRelease: Buffer.from('NAME=x'),
    initrd: Buffer.alloc(5000, 1),
    linux: Buffer.alloc(9000, 2),
  }
  const image = makeUki({ stub: stub(), commandLine: 'quiet', ...parts })
  const found = new Map(readSections(image).map(({ name, data }) => [name, Buffer.from(data)]))
  expect([...found.keys()].slice(2)).toEqual(['.osrel', '.cmdline', '.initrd', '.linux'])
  expect(found.get('.cmdline')?.toString()).toBe('quiet')
  expect(found.get('.linux')).toEqual(parts.linux)
})

test('makes the same unified kernel image from files', async () => {
  const parts = {
    stub: stub(),
    osRelease: Buffer.from('NAME=x'),
    initrd: Buffer.alloc(99, 1),
    linux: Buffer.alloc(9, 2),
  }
  const directory = await plant(await temporary(), parts)
  const at = (name: keyof typeof parts): string => join(directory, name)
  const files = { stub: at('stub'), osRelease: at('osRelease'), initrd: at('initrd'), linux: at('linux') }
  expect(await readUki(files, 'quiet')).toEqual(makeUki({ ...parts, commandLine: 'quiet' }))
})
