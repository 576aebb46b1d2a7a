// `lbuild completion SHELL`: prints the script that completes commands, options, targets and params in a shell.
import { Argument } from '@commander-js/extra-typings'
import type { CommandContext } from '../command.ts'
import { plainCommand } from '../command.ts'
import { completionScript, SHELLS } from '../completion/script.ts'
import { print } from '../render/print.ts'

const SETUP = `
Load the script where your shell starts:
  bash   eval "$(lbuild completion bash)"        in ~/.bashrc
  zsh    source <(lbuild completion zsh)         in ~/.zshrc, after compinit
  fish   lbuild completion fish | source         in ~/.config/fish/config.fish

The script completes the command lbuild. If lbuild is installed in a repository, define: alias lbuild='npx lbuild'
`

export const command = ({ exit }: CommandContext) =>
  plainCommand('completion')
    .description('Print the script that completes commands, targets and params in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .addHelpText('after', SETUP)
    .helpOption('-h, --help', 'show this help')
    .action(async (shell) => {
      print(await completionScript(shell))
      exit(0)
    })
