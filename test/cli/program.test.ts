// The command line: help of every command, and hints for invalid calls.
import { expect, it } from 'vitest'
import { COMMANDS } from '../../src/graph/names.ts'
import { TestWorkspace } from '../support/workspace.ts'

it('prints the help of every command whose name no artifact may have', async () => {
  const workspace = new TestWorkspace({})
  for (const name of COMMANDS.filter((one) => one !== 'help')) {
    const { code, stdout, stderr } = await workspace.lbuild('help', name)
    expect([code, stderr], name).toEqual([0, ''])
    expect(stdout).toMatch(new RegExp(`^Usage: lbuild ${name} `))
    expect((await workspace.lbuild(name, '--help')).stdout).toBe(stdout)
  }
})

it.each([
  [['help', 'verfy'], `unknown command 'verfy'`, `did you mean 'verify'?`],
  [['gc', '--max-size', 'many'], `invalid value 'many' for option '--max-size <size>'`, 'give a size'],
  [['graph', '--format', 'svg'], `invalid value 'svg'`, 'choose one of text, dot, mermaid, json'],
  [['boot'], 'no target named', 'see lbuild boot --help'],
  [['status', '--output'], `option '--output <dir>' needs a value`, 'see lbuild status --help'],
])('rejects %j with a hint', async (args, headline, hint) => {
  const { code, stderr } = await new TestWorkspace({}).lbuild(...args)
  expect(stderr).toContain(`error: ${headline}`)
  expect(stderr).toContain(hint)
  expect(code).toBe(2)
})
