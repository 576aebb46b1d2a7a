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
  readonly exclude: readonly string[]
  readonly gitignore: boolean
}

/** The options of {@link tree}. */
export interface TreeOptions {
  /** Whether the directory may be missing; the producer must then expect that its path leads nowhere. Default: false. */
  readonly optional?: boolean
  /** Patterns of entries to leave out, as in a `.gitignore` file in the directory; `!PATTERN` includes entries again. */
  readonly exclude?: readonly string[]
  /** Whether to leave out what `.gitignore` files ignore, git's own directory, and files of editors. Default: true. */
  readonly gitignore?: boolean
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
 * holds the base name, the content and whether the file is executable; its times and owner do not count. Symbolic links
 * are an error: declare the file that they lead to.
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
 * It leaves out what git ignores: the `.gitignore` files in the directory and in those above it, up to the root of the
 * workspace, count as git does. It also leaves out `.git` and the temporary files of editors, such as `*~` and `.*.swp`.
 * Whether git tracks a file does not count. A directory that is itself ignored is complete except for its own rules.
 *
 * @param path the path from the workspace's root, without `..`
 * @example inputs: { files: tree('overlay/files'), all: tree('generated', { gitignore: false, exclude: ['*.log'] }) }
 */
export const tree = (path: string, options: TreeOptions = {}): TreeInput => ({
  kind: 'tree',
  path,
  optional: options.optional ?? false,
  exclude: options.exclude ?? [],
  gitignore: options.gitignore ?? true,
})
