// The command line: help of every command, and hints for invalid calls.
import { expect, it } from 'vitest'
import { COMMANDS } from '../../src/graph/names.ts'
import { TINY } from '../support/tiny.ts'
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

it('shows targets as required exactly where a call without a target is rejected', async () => {
  const workspace = new TestWorkspace(TINY)
  for (const name of COMMANDS.filter((one) => one !== 'help')) {
    const [usage = ''] = (await workspace.lbuild(name, '--help')).stdout.split('\n')
    const { code, stderr } = await workspace.lbuild(name)
    const isRejected = /^error: no target (given|named)\n {2}hint: /.test(stderr)
    expect(usage.includes('<target'), name).toBe(isRejected)
    if (isRejected) expect(code, name).toBe(2)
  }
})

it('prints the params, outputs and dependencies of a target for TARGET --help', async () => {
  const workspace = new TestWorkspace(TINY)
  const { code, stdout, stderr } = await workspace.lbuild('image', '--title', 'large', '--help')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^Usage: lbuild image \[options\]\n/)
  expect(stdout).toMatch(/^ {2}--title <text> .*\(in image: default tiny\)$/m)
  expect(stdout).toContain('Outputs:\n  tiny.img\n')
  expect(stdout).toContain('Dependencies: packed, names\n')
  expect((await workspace.lbuild('imag', '--help')).stderr).toContain(`did you mean 'image'?`)
})

it.each([
  ['help', 'help'],
  ['help', 'help', 'help'],
  ['help', '-C', '.'],
  ['help', '--unheard-of'],
  ['-C', '.', 'help'],
])('prints the help of lbuild, and nothing of the parser, for %s %s', async (...args) => {
  const workspace = new TestWorkspace({})
  const { code, stdout, stderr } = await workspace.lbuild(...args)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toBe((await workspace.lbuild('--help')).stdout)
})

it('lists the arguments of each command as its own help does', async () => {
  const { stdout } = await new TestWorkspace({}).lbuild('--help')
  for (const usage of [
    'build [options] <targets...>',
    'boot [options] <target>',
    'verify [options] <targets...>',
  ])
    expect(stdout).toContain(`  ${usage} `)
  expect(stdout).toMatch(
    /^Usage: lbuild \[build\] \[options\] <targets\.\.\.>\n {7}lbuild <command> \[options\] \[arguments\.\.\.\]\n/,
  )
  expect((await new TestWorkspace({}).lbuild('doctor', '--help')).stdout).not.toContain('[]')
})

it.each([
  [['help', 'buid'], `unknown command 'buid'`, `did you mean 'build'?`],
  [['help', '-C', '.', 'buid'], `unknown command 'buid'`, `did you mean 'build'?`],
  [['help', 'verfy'], `unknown command 'verfy'`, `did you mean 'verify'?`],
  [['help', 'image'], `unknown command 'image'`, 'run lbuild image --help'],
  [['gc', '--max-size', 'many'], `invalid value 'many' for option '--max-size <size>'`, 'give a size'],
  [['graph', '--format', 'svg'], `invalid value 'svg'`, 'choose one of text, dot, mermaid, json'],
  [['boot'], 'no target named', 'see lbuild boot --help'],
  [['completion'], 'lbuild completion needs a shell', 'see lbuild completion --help'],
  [['gc', '--profile', 'dev'], `unknown option '--profile'`, 'see lbuild gc --help'],
  [['history', '--output', 'dist'], `unknown option '--output'`, 'see lbuild history --help'],
  [['status', '--output'], `option '--output <dir>' needs a value`, 'see lbuild status --help'],
])('rejects %j with a hint', async (args, headline, hint) => {
  const { code, stderr } = await new TestWorkspace({}).lbuild(...args)
  expect(stderr).toContain(`error: ${headline}`)
  expect(stderr).toContain(hint)
  expect(code).toBe(2)
})
