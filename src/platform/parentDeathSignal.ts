/**
 * A command that is killed by the kernel when the process that started it dies, in whatever way (prctl(2),
 * PR_SET_PDEATHSIG; setpriv of util-linux 2.33 or newer).
 */
export const withParentDeathSignal = (setpriv: string, command: readonly string[]): [string, string[]] => [
  setpriv,
  ['--pdeathsig', 'KILL', '--', ...command],
]
