// Compares a layer written over an ext4 file system with tar, which extracts the layer over a directory.
import fc from 'fast-check'
import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { checkExt4 } from '../../src/images/ext4.ts'
import { extractLayers } from '../../src/images/layers.ts'
import { EPOCH, run, temporaryInMemory } from '../support/images.ts'
import { debugfs, ext4Of, layOver, OFFSET, ownedTree } from './support/ext4.ts'

const NAMES = ['a', '<12>', 'c c', 'd"', 'é', 'x'.repeat(200)]
type Content = string | { readonly to: string }
const content: fc.Arbitrary<Content> = fc.oneof(
  fc.string({ maxLength: 5 }),
  fc.constant('large '.repeat(20_000)),
  fc.record({ to: fc.oneof(fc.constantFrom('a', '../b', '/é'), fc.constant('far/'.repeat(50))) }),
)
const files = fc.dictionary(
  fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/')),
  content,
  { maxKeys: 8, noNullPrototype: true },
)

/** Removes paths below files and links. */
function consistent(all: Readonly<Record<string, Content>>): Record<string, Content> {
  const result: Record<string, Content> = {}
  for (const path of Object.keys(all).sort())
    if (!Object.keys(result).some((above) => path.startsWith(`${above}/`))) result[path] = all[path]!
  return result
}

const isAbove = (one: string, other: string): boolean => other.startsWith(`${one}/`)

/** What a file system contains at these paths. */
async function contentsOf(image: string, paths: readonly string[]): Promise<unknown> {
  const stats = await debugfs(image, ...paths.map((path) => `stat "${path.replaceAll('"', '""')}"`))
  const directory = await temporaryInMemory()
  await run('debugfs', ['-R', `rdump / "${directory}"`, `${image}?offset=${OFFSET}`])
  const files = await Promise.all(
    paths.map(async (path) => {
      const stat = await lstat(join(directory, path))
      return stat.isFile() ? readFile(join(directory, path), 'utf8') : ''
    }),
  )
  return paths.map((path, index) => {
    const answer = stats[index]!
    const [, type, mode] = /Type: (\w+)\s+Mode:\s+(\d+)/.exec(answer)!
    const [, owner] = /(User:\s+\d+\s+Group:\s+\d+)/.exec(answer)!
    const [, links] = /Links: (\d+)/.exec(answer)!
    const target = /Fast link dest: (.*)/.exec(answer)?.[1]
    return {
      path,
      type,
      mode,
      owner,
      links,
      target,
      mtime: /mtime: (\S+)/.exec(answer)![1],
      text: files[index],
    }
  })
}

test('gives the same tree as tar, for any layer over any tree', async () => {
  const layers = fc.tuple(files.map(consistent), files.map(consistent))
  await fc.assert(
    fc.asyncProperty(layers, async ([below, above]) => {
      const [base, layer] = await Promise.all([ownedTree(below), ownedTree(above)])
      const image = await ext4Of(base)
      const [lower, upper] = [Object.keys(below), Object.keys(above)]
      const meets = upper.some((path) => lower.some((other) => isAbove(path, other) || isAbove(other, path)))
      if (meets) {
        await expect(layOver(image, layer)).rejects.toThrow('over a different type')
        return
      }
      await layOver(image, layer)
      await checkExt4(run, image, OFFSET)
      const work = await temporaryInMemory()
      const tars = await Promise.all(
        [base, layer].map(async (directory, index) => {
          const tar = join(work, `${index}.tar`)
          await run('tar', ['-C', directory, '-cf', tar, '.'])
          return tar
        }),
      )
      const both = join(work, 'both')
      await extractLayers(run, tars, both, EPOCH)
      const { stdout } = await run('find', [both, '-mindepth', '1', '-printf', '/%P\\0'])
      const paths = stdout.split('\0').filter(Boolean).sort()
      const [layered, extracted] = await Promise.all([
        contentsOf(image, paths),
        contentsOf(await ext4Of(both), paths),
      ])
      expect(layered).toEqual(extracted)
    }),
    { numRuns: 30 },
  )
})
