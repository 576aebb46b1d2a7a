// The config of a distro: what `build.config.ts` exports.
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
 * What a distro prints on the serial console, as sources of regular expressions. lbuild knows the usual login and shell
 * prompts, kernel panics and systemd's emergency mode; these patterns come in addition.
 *
 * A pattern is searched in one line at a time, which ends with `\n` or is still incomplete. lbuild may test a line before
 * it is complete. So do not use lookahead or `$`, and do not end the pattern with a quantifier; `\n` matches the end of a
 * line.
 */
export interface BootPatterns {
  /** The login prompt, unless it is `HOSTNAME login: ` at the start of a line. */
  readonly login?: string
  /** Matches a line that the initramfs prints. `lbuild boot` then reports when the boot reached the initramfs. */
  readonly initramfs?: string
  readonly failures?: readonly BootFailurePattern[]
}

/** How `lbuild boot` checks an image. Each pattern is the source of a regular expression, as {@link BootPatterns} says. */
export interface BootCheck extends BootPatterns {
  /** Who logs in; `root` unless given. */
  readonly user?: string
  /** The password, typed if the guest asks for one; empty unless given. Whoever can read the config can read it. */
  readonly password?: string
  /**
   * A shell prompt that appears without a login, such as `^~ # ` of busybox. lbuild then waits for this prompt instead of
   * a login prompt, and checks the system in this shell.
   */
  readonly prompt?: string
  /**
   * A line or prompt after which the boot has succeeded. lbuild then stops the VM: it neither logs in nor checks the
   * system. For images without a shell on the serial console, and images into which nobody can log in. At most one of
   * `prompt` and `success` may be given.
   */
  readonly success?: string
  /**
   * The time limit in seconds from the start to the login prompt, to `prompt` or to `success`; 120 with KVM and 300
   * without it unless given.
   */
  readonly bootSeconds?: number
  /**
   * How long the console may be silent until then, in seconds; unless given, 60 with KVM and 120 without it, or
   * `bootSeconds` if that is given.
   */
  readonly silenceSeconds?: number
  /** The time limit in seconds for each command, for each answer while logging in, and for powering off; 120 unless given. */
  readonly commandSeconds?: number
}

/** How `lbuild boot` checks the images of a distro. */
export interface BootConfig extends BootCheck {
  /** Checks of single artifacts by name. Each member that one has replaces that of all images. */
  readonly targets?: Readonly<Record<string, BootCheck>>
}

/** The shape of `build.config.ts`; see {@link defineConfig}. */
export interface Config {
  /** Every artifact and lockfile of the distro, in any order. */
  readonly artifacts: readonly (Artifact | Lockfile)[]
  /**
   * Values of params that replace their defaults: by `NAME` for every artifact and lockfile with that param, or by
   * `ARTIFACT.NAME` or `LOCKFILE.NAME` for one of them.
   */
  readonly params?: Readonly<Record<string, Json>>
  /**
   * Profiles: named sets of values that replace those of `params`. `--profile NAME` selects one; without it `lbuild
   * watch` selects `dev` if there is one, and other commands select none.
   */
  readonly profiles?: Readonly<Record<string, Readonly<Record<string, Json>>>>
  /** The time that producers write into outputs, in seconds since 1970; 1767225600 (2026-01-01) unless given. */
  readonly epoch?: number
  /**
   * Directories with tools of the workspace, absolute or from its root. lbuild searches them before the host. If an
   * artifact declares a tool in such a directory, its producer sees the tool and everything else there except other
   * programs, and its key contains the same.
   */
  readonly toolPath?: readonly string[]
  /**
   * The limits of the store. `lbuild gc` applies them, and so does a build after which the objects exceed `maxSize`. lbuild
   * retains the newest records of each artifact, the latest included, and removes older ones while the objects exceed
   * `maxSize`. It never removes what the current outputs need.
   */
  readonly store?: {
    /** The number of records of each artifact; 10 unless given. */
    readonly keep?: number
    /** The size of all objects, as {@link parseSize} reads it; `20G` unless given. */
    readonly maxSize?: string | number
  }
  /** How `lbuild boot` checks the images of this distro: what they print on the serial console, who logs in, and time limits. */
  readonly boot?: BootConfig
}

/**
 * Types the config of a distro: its artifacts, and the values of their params. Export the result as the default of
 * `build.config.ts`. lbuild reports a wrong config, with the place of each mistake, before it runs anything.
 *
 * @example
 * export default defineConfig({
 *   artifacts: [rootfs, iso],
 *   params: { hostname: 'tiny', 'iso.label': 'TINY' },
 *   profiles: { dev: { compression: 'lz4' } },
 * })
 */
export const defineConfig = (config: Config): Config => config
