// How lbuild was started, as its starter hands it to the command line.

export interface Invocation {
  /** The directory of lbuild itself. */
  readonly home: string
  /** The directory of lbuild's compiled code. */
  readonly code: string
  /** The arguments behind the program's name. */
  readonly argv: readonly string[]
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal?: AbortSignal
  /** Called when a build finds nothing to do. */
  readonly onNothingToDo?: () => void
  /** The arguments behind `--`: the command that `watch --exec` runs. */
  readonly rest?: readonly string[]
}
