import type { Artifact } from './artifact.ts'
import type { Lockfile } from './lockfile.ts'
import type { Json } from './params.ts'

/** A line of the serial console that means that a boot has failed. */
export interface BootFailurePattern {
  /** The source of a regular expression; the text of its first group, or else of the whole match, is reported. */
  readonly pattern: string
  /** The headline of the error, such as `the initramfs found no root file system`. */
  readonly headline: string
  /** What the reader can do about it; starts with a verb. */
  readonly hint?: string
}

/**
 * What a distro prints on the serial console, as sources of regular expressions. lbuild knows the usual login and
 * shell prompts, kernel panics and systemd's emergency mode; these patterns come in addition.
 *
 * A pattern is searched in one line at a time, which ends with `\n` or is still incomplete. Its match must not depend on
 * what follows it: use neither lookahead nor `$`, and do not end with a quantifier; `\n` matches the end of a line.
 */
export interface BootPatterns {
  /** The login prompt, unless it is `HOSTNAME login: ` at the start of a line. */
  readonly login?: string
  /** A line that the initramfs prints: reports name the time at which it was reached. */
  readonly initramfs?: string
  readonly failures?: readonly BootFailurePattern[]
}

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
  /** What this distro prints on the serial console, for `lbuild boot`. */
  readonly boot?: BootPatterns
}

/** The whole of `build.config.ts`: which artifacts there are, and the values of their params. */
export const defineConfig = (config: Config): Config => config
