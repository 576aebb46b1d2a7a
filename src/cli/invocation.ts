// How lbuild was started, as its starter hands it to the command line.

export interface Invocation {
  /** The directory of lbuild itself. */
  readonly home: string
  /** The directory of lbuild's compiled code. */
  readonly code: string
  /** The arguments behind the program's name. */
  readonly argv: readonly string[]
  /** The names of the signals that were ignored when lbuild started, such as SIGHUP under nohup(1). They stay ignored. */
  readonly ignoredSignals: readonly string[]
  /** Aborted by the first SIGINT, SIGTERM or SIGHUP. */
  readonly signal?: AbortSignal
  /** Called when a build finds nothing to do. */
  readonly onNothingToDo?: () => void
  /** The arguments behind `--`: the command that `watch --exec` runs. */
  readonly execCommand?: readonly string[]
}

/** The arguments as the user typed them, for the history of builds. */
export const typedArguments = ({ argv, execCommand = [] }: Invocation): readonly string[] =>
  execCommand.length === 0 ? argv : [...argv, '--', ...execCommand]
