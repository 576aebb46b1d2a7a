// Images with an ext4 file system, and trees to write over it.
import { mkdir, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspectExt4, makeExt4 } from '../../../src/images/ext4.ts'
import { layOverExt4 } from '../../../src/images/ext4Layer.ts'
import { deriveUuid } from '../../../src/images/uuids.ts'
import { EPOCH, plant, run, temporaryInMemory } from '../../support/images.ts'

const UUID = deriveUuid('test', 'layer')
/** The offset of the file system in its image, in bytes. */
export const OFFSET = 2 ** 20
/** The size of the file system, in bytes. */
export const SIZE = 2 ** 26

/** An image that contains a file system made from a tree. */
export async function ext4Of(tree: string): Promise<string> {
  const work = await temporaryInMemory()
  const image = join(work, 'disk.raw')
  await writeFile(image, '')
  await truncate(image, OFFSET + SIZE)
  const ids = { label: 'root', uuid: UUID, hashSeed: UUID }
  await makeExt4(run, { image, offset: OFFSET, size: SIZE, ...ids, tree, epoch: EPOCH, work })
  return image
}

/** Writes a tree over the file system of an image. */
export async function layOver(image: string, tree: string): Promise<void> {
  await layOverExt4(run, { image, offset: OFFSET, tree, epoch: EPOCH, work: await temporaryInMemory() })
}

/** The answers of debugfs to some commands. */
export const debugfs = async (image: string, ...commands: readonly string[]): Promise<string[]> =>
  inspectExt4(run, image, OFFSET, commands)

/** A tree of files that root owns and whose times are the epoch. */
export async function ownedTree(files: Parameters<typeof plant>[1]): Promise<string> {
  const directory = join(await temporaryInMemory(), 'tree')
  await mkdir(directory)
  await plant(directory, files)
  await run('chown', ['-hR', '0:0', directory])
  await run('find', [directory, '-exec', 'touch', '-h', `--date=@${EPOCH}`, '{}', '+'])
  return directory
}
