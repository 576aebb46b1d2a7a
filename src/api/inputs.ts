// Declares inputs: files and directories of the workspace. An artifact's handle gives its outputs, and a lockfile's
// handle its downloads.

/** One file of the workspace; see {@link file}. */
export interface FileInput {
  readonly kind: 'file'
  readonly path: string
  readonly optional: boolean
}

/** One directory of the workspace; see {@link tree}. */
export interface TreeInput {
  readonly kind: 'tree'
  readonly path: string
  readonly optional: boolean
}

/** One output of another artifact. The producer sees that file under its base name. */
export interface OutputInput {
  readonly kind: 'output'
  readonly artifact: string
  readonly output: string
}

/** The files that a lockfile pins. The producer sees a directory that holds them by name. */
export interface DownloadsInput {
  readonly kind: 'downloads'
  readonly lockfile: string
}

export type Input = FileInput | TreeInput | OutputInput | DownloadsInput
export type Inputs = Readonly<Record<string, Input>>

/**
 * Declares one file as an input. The producer sees it under its base name, so that tools see its extension. The key
 * holds the base name, the content and whether the file is executable; its times and owner do not count. Symbolic links are an error: declare the file that they lead to.
 *
 * @param path the path from the workspace's root, without `..`
 * @param options `optional`: the file may be missing; the producer must then expect that its path leads nowhere
 * @example inputs: { list: file('packages.list') }
 */
export const file = (path: string, options: { optional?: boolean } = {}): FileInput => ({
  kind: 'file',
  path,
  optional: options.optional ?? false,
})

/**
 * Declares a directory as an input, with everything below it: files, empty directories, symbolic links. The key holds
 * names, types, contents, link targets and executable bits; times and owners do not count.
 *
 * @param path the path from the workspace's root, without `..`
 * @param options `optional`: the directory may be missing; the producer must then expect that its path leads nowhere
 * @example inputs: { files: tree('overlay/files') }
 */
export const tree = (path: string, options: { optional?: boolean } = {}): TreeInput => ({
  kind: 'tree',
  path,
  optional: options.optional ?? false,
})
