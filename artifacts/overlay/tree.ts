import { lstat, readdir, readFile, readlink } from 'node:fs/promises'
import { join } from 'node:path'
import { ImageError } from 'lbuild/images/error'
import type { Layer } from 'lbuild/images/layer'

/**
 * Copies a directory of the workspace into a layer: links as they are, files as 0755 where they are executable and
 * 0644 otherwise, everything root's. Throws an ImageError at what is none of these, or a name that is no UTF-8.
 */
export async function addTree(layer: Layer, directory: string, at = ''): Promise<void> {
  for (const name of (await readdir(join(directory, at))).sort()) {
    const path = `${at}/${name}`
    const source = join(directory, path)
    if (name.includes('\uFFFD')) throw new ImageError('a name in the overlay is not UTF-8', { path })
    const status = await lstat(source)
    if (status.isDirectory()) {
      layer.directory(path)
      await addTree(layer, directory, path)
    } else if (status.isSymbolicLink()) layer.symlink(path, await readlink(source))
    else if (status.isFile())
      layer.write(path, await readFile(source), { mode: status.mode & 0o111 ? 0o755 : 0o644 })
    else
      throw new ImageError('there is something in the overlay that is no file, directory or link', { path })
  }
}
