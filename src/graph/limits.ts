// The limits of one run of a producer.

/** What one run may use. */
export interface Limits {
  /** The time, in seconds. */
  readonly seconds: number
  /** The number of processes and threads at a time, those of Node.js and of the sandbox included. */
  readonly processes: number
  /** The memory of all processes together with the files in memory, in bytes. */
  readonly memory: number
  /** The disk usage of everything that the run writes, and the size of each output, in bytes. */
  readonly disk: number
}

/** The limits of an artifact that declares none, and of the resolvers of lockfiles. The documentation of the API repeats them. */
export const DEFAULT_LIMITS: Limits = {
  seconds: 4 * 3600,
  processes: 4096,
  memory: 32 * 2 ** 30,
  disk: 256 * 2 ** 30,
}
