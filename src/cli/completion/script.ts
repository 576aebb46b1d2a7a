// The scripts that let a shell complete words of lbuild, made by the library tab.

/** The shells that have a script. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const

export type Shell = (typeof SHELLS)[number]

/**
 * How the script of each shell names the lbuild to ask: the one that the user is typing. The rest of the line in bash would
 * let the shell run substitutions that the user has typed but not entered, so a comment ends the command before it.
 */
const EXECUTABLES: Readonly<Record<Shell, string>> = {
  bash: String.raw`\"\${words[0]}\" complete -- \"\${words[@]:1}\" #`,
  zsh: '${(q)words[1]}',
  fish: '$args[1]',
}

/** Splits the command line where the package bash-completion is not installed. */
const BASH_FALLBACK = `if ! declare -F _get_comp_words_by_ref >/dev/null; then
    _get_comp_words_by_ref() {
        words=("\${COMP_WORDS[@]}") cword=$COMP_CWORD cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]}
    }
fi
`

/** The script for a shell. It calls `lbuild complete -- WORDS` for each completion. */
export async function completionScript(shell: Shell): Promise<string> {
  const { script } = await import('@bomb.sh/tab')
  const text = printedBy(() => script(shell, 'lbuild', EXECUTABLES[shell]))
  // A file of start commands may be read twice, but bash declares read-only variables once.
  return shell === 'bash' ? BASH_FALLBACK + text.replaceAll(/^readonly /gm, '') : text
}

/** What a function prints with console.log, because tab returns no texts. */
export function printedBy(print: () => void): string {
  const { log } = console
  const lines: string[] = []
  console.log = (line: string) => void lines.push(line)
  try {
    print()
  } finally {
    console.log = log
  }
  return lines.map((line) => `${line}\n`).join('')
}
