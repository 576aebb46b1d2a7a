import type { Artifact } from './artifact.ts'
import type { Lockfile } from './lockfile.ts'
import type { Json } from './params.ts'

export interface Config {
  /** Every artifact and lock of the distro. */
  readonly artifacts: readonly (Artifact | Lockfile)[]
  /** Values of params, over the defaults of the declarations: by name, or by `ARTIFACT.NAME`. */
  readonly params?: Readonly<Record<string, Json>>
  /**
   * Sets of values of params, over those of `params`, by their names: a build takes none unless told with `--profile`;
   * `watch` takes the one called `dev` if there is one.
   */
  readonly profiles?: Readonly<Record<string, Readonly<Record<string, Json>>>>
  /** The time inside outputs, in seconds since 1970. */
  readonly epoch?: number
  /**
   * Directories with tools of the workspace's own, searched before the system's. They are shown to producers whole; keys
   * hold the declared tools in them, not what lies beside those.
   */
  readonly toolPath?: readonly string[]
  /** How much of what was built is kept, beside the latest of everything. */
  readonly store?: {
    /** How many builds of each artifact; 10 unless given. */
    readonly keep?: number
    /** How large the store may grow, such as `20G`, which it is unless given. */
    readonly maxSize?: string | number
  }
}

/** The whole of `build.config.ts`: which artifacts there are, and the values of their params. */
export const defineConfig = (config: Config): Config => config
