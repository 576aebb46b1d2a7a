// Tests of derived identifiers.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { deriveUuid, deriveVolumeId, fatUuid } from '../../src/images/uuids.ts'

test('derives the same UUID of version 8 every time', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), (namespace, name) => {
      const uuid = deriveUuid(namespace, name)
      expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
      expect(deriveUuid(namespace, name)).toBe(uuid)
    }),
  )
})

test('separates the namespace from the name', () => {
  expect(deriveUuid('ab', 'c')).not.toBe(deriveUuid('a', 'bc'))
  expect(deriveVolumeId('ab', 'c')).not.toBe(deriveVolumeId('a', 'bc'))
})

test('keeps the ids of published images', () => {
  expect(deriveUuid('levitateos/qcow2', 'root file system')).toBe('24a84b25-b663-8178-8862-57d07b4a1032')
  expect(fatUuid(deriveVolumeId('levitateos/qcow2', 'esp'))).toBe('8622-B65C')
})
