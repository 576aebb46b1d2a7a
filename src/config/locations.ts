// The directories that lbuild reads and writes.

/** Where lbuild reads and writes. All are absolute; root and home are real paths. */
export interface Locations {
  /** The directory of build.config.ts. */
  readonly root: string
  /** Where lbuild itself lies. */
  readonly home: string
  /** `cache/` in the root, unless LBUILD_CACHE_DIR is set. */
  readonly cache: string
  /** `output/` in the root, unless `--output` is given. */
  readonly output: string
}

/** Returns the path of a published output to print: relative to the workspace if it is inside, otherwise absolute. */
export const shownOutput = ({ root, output }: Locations, path: string): string =>
  `${output.startsWith(`${root}/`) ? output.slice(root.length + 1) : output}/${path}`
