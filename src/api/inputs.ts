/** One file of the workspace. The producer sees its content and whether it is executable, nothing else. */
export interface FileInput {
  readonly kind: 'file'
  readonly path: string
  readonly optional: boolean
}

/** A directory of the workspace with all that is below it, empty directories and symbolic links included. */
export interface TreeInput {
  readonly kind: 'tree'
  readonly path: string
  readonly optional: boolean
}

/** One output of another artifact. */
export interface OutputInput {
  readonly kind: 'output'
  readonly artifact: string
  readonly output: string
}

/** The files that a lock names, fetched and checked; the producer sees a directory that holds them by name. */
export interface DownloadsInput {
  readonly kind: 'downloads'
  readonly lock: string
}

export type Input = FileInput | TreeInput | OutputInput | DownloadsInput
export type Inputs = Readonly<Record<string, Input>>

/** Declares one file, by its path from the workspace's root. It must exist unless it is `optional`. */
export const file = (path: string, options: { optional?: boolean } = {}): FileInput => ({
  kind: 'file',
  path,
  optional: options.optional ?? false,
})

/** Declares a whole directory, by its path from the workspace's root. It must exist unless it is `optional`. */
export const tree = (path: string, options: { optional?: boolean } = {}): TreeInput => ({
  kind: 'tree',
  path,
  optional: options.optional ?? false,
})
