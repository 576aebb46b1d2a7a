/**
 * Copies a directory of the workspace into a layer.
 * @module lbuild/images/layerTree
 */
import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from '../api/index.ts'
import type { Layer } from './layer.ts'

/**
 * Copies the contents of a directory into a layer. Links keep their targets; executable files get mode 0755, other
 * files 0644; root owns everything. Throws a Failure for any other type of file, or a name that is not UTF-8.
 */
export async function addTree(layer: Layer, directory: string): Promise<void> {
  await addDirectory(layer, directory, '')
}

async function addDirectory(layer: Layer, root: string, at: string): Promise<void> {
  for (const name of (await readdir(join(root, at))).sort()) {
    const path = `${at}/${name}`
    const source = join(root, path)
    if (name.includes('\uFFFD'))
      throw new Failure('a file name is not UTF-8', { facts: [['path', path]], hint: 'rename the file' })
    const stat = await lstat(source)
    if (stat.isDirectory()) {
      layer.directory(path)
      await addDirectory(layer, root, path)
    } else if (stat.isSymbolicLink()) layer.symlink(path, await readlink(source))
    else if (stat.isFile())
      layer.write(path, await readFile(source), { mode: stat.mode & 0o111 ? 0o755 : 0o644 })
    else throw new Failure(`'${path}' is not a file, directory or link`, { hint: 'remove it' })
  }
}
