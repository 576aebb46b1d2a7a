// Child processes that do not outlive lbuild.

/**
 * Wraps a command so that the kernel kills it when its parent process dies (prctl(2), PR_SET_PDEATHSIG; needs setpriv of
 * util-linux 2.33). Spawn it `detached`, unless it uses the terminal: otherwise a signal of the terminal also reaches the
 * child, even if lbuild ignores that signal.
 */
export const withParentDeathSignal = (setpriv: string, command: readonly string[]): [string, string[]] => [
  setpriv,
  ['--pdeathsig', 'KILL', '--', ...command],
]
