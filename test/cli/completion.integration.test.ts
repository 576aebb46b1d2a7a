// Tests completion in real shells: commands, options, targets, params and choices.
import { execFile } from 'node:child_process'
import { mkdirSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { TestWorkspace } from '../support/workspace.ts'

const LBUILD = fileURLToPath(new URL('../../lbuild', import.meta.url))

const CONFIG = `import { artifact, choice, defineConfig, flag, lockfile, text } from 'lbuild'
const debs = lockfile('debs', {
  path: 'debs.lock', inputs: {}, tools: [], mirrors: () => [], resolve: async () => [],
})
const rootfs = artifact('rootfs', {
  describe: 'the root file system: all of it',
  inputs: { debs: debs.downloads() },
  params: {
    compression: choice(['lz4', 'lz4hc', 'zstd', '$(touch hacked)', 'two words'], 'zstd', 'how it is compressed'),
    debug: flag(false, 'keep symbols'),
    hostname: text('edge', 'the name\\u001b[31m; \`touch hacked\` $(touch hacked)'),
  },
  outputs: { o: 'rootfs' },
  produce() {},
})
const image = artifact('image', { inputs: { r: rootfs.output('o') }, outputs: { o: 'image' }, produce() {} })
export default defineConfig({ artifacts: [debs, image, rootfs], profiles: { dev: { debug: true } } })
`

let distro: TestWorkspace

beforeAll(() => {
  distro = new TestWorkspace({ 'build.config.ts': CONFIG }, TestWorkspace.lasting())
  mkdirSync(distro.path('bin'))
  symlinkSync(LBUILD, distro.path('bin/lbuild'))
})

const run = promisify(execFile)

/** Runs a script of a shell in a directory, with lbuild on the path. Resolves with what it printed. */
async function shell(
  program: string,
  args: readonly string[],
  cwd = distro.root,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  const env = { PATH: `${distro.path('bin')}:/usr/bin:/bin`, HOME: distro.path('bin'), TERM: 'dumb' }
  return run(program, [...args], { cwd, env })
}

/** The words that bash offers for the last word of a line. */
async function inBash(line: string, cwd?: string): Promise<readonly string[]> {
  const script = `
source <(lbuild completion bash)
source <(lbuild completion bash)
compopt() { :; }
[[ $(complete -p lbuild) == 'complete -F __lbuild_complete lbuild' ]] || exit 1
COMP_LINE=$1 COMP_POINT=\${#1}
read -ra COMP_WORDS <<<"$1"
[[ $1 == *' ' ]] && COMP_WORDS+=('')
COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
__lbuild_complete
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = await shell('bash', ['--noprofile', '--norc', '-c', script, 'bash', line], cwd)
  expect(stderr).toBe('')
  return stdout.split('\n').filter((word) => word !== '')
}

/** The words that fish offers for the last word of a line, with their descriptions behind a tab. */
async function inFish(line: string): Promise<readonly string[]> {
  const script = `lbuild completion fish | source; complete -C $argv[1]`
  const { stdout, stderr } = await shell('fish', ['--no-config', '-c', script, line])
  expect(stderr).toBe('')
  return stdout.split('\n').filter((word) => word !== '')
}

/**
 * Types a line and presses Tab in an interactive zsh, and waits until its terminal shows a text. Afterwards resolves with
 * the line.
 */
async function inZsh(line: string, shown: string): Promise<string> {
  const script = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1= RPS1=; autoload -Uz compinit; compinit -D -u; source <(lbuild completion zsh)'
zpty -w shell 'show() { zle -I; print -r -- "line<$BUFFER>" }; zle -N show; bindkey "^X" show; print rea""dy'
zpty -r shell out '*ready*'
zpty -w -n shell "$1"$'\\t'
zpty -r shell out "*$2*"
zpty -w -n shell $'\\x18'
zpty -r shell out '*line<*>*'
print -r -- "$out"
zpty -d shell`
  const { stdout } = await shell('timeout', ['60', 'zsh', '-f', '-c', script, 'zsh', line, shown])
  return /line<(.*)>/.exec(stdout)?.[1] ?? stdout
}

describe('bash', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['commands and targets', 'lbuild ', ['init', 'build', 'completion', 'help', 'image', 'rootfs']],
    ['a command', 'lbuild sta', ['status']],
    ['targets of a command', 'lbuild why ', ['image', 'rootfs']],
    ['a second target', 'lbuild build image ro', ['rootfs']],
    ['lockfiles', 'lbuild update ', ['debs']],
    ['commands behind help', 'lbuild help bo', ['boot']],
    ['options of a command', 'lbuild gc --ma', ['--max-size']],
    ['options of a build without its name', 'lbuild image --install', ['--install-tools']],
    ['params', 'lbuild image --comp', ['--compression']],
    ['choices', 'lbuild image --compression ', ['lz4', 'lz4hc', 'zstd']],
    ['values of a flag', 'lbuild status --debug ', ['false', 'true']],
    ['profiles', 'lbuild image --profile ', ['dev', 'none']],
    ['settings', 'lbuild image --set comp', ['compression=lz4', 'compression=lz4hc', 'compression=zstd']],
    ['choices of an option', 'lbuild graph --format m', ['mermaid']],
    ['shells', 'lbuild completion ', ['bash', 'fish', 'zsh']],
    ['no params of a command without them', 'lbuild gc --comp', []],
    ['directories', 'lbuild -C ', ['bin', 'cache']],
    ['commands behind a directory', 'lbuild -C bin sta', ['status']],
  ])('completes %s', async (_, line, expected) => {
    const offered = [...(await inBash(line))].sort()
    expect(offered).toEqual(expected.length > 5 ? expect.arrayContaining([...expected]) : expected)
  })

  it('completes targets of the directory that -C names', async () => {
    expect(await inBash(`lbuild -C ${distro.root} why im`, '/')).toEqual(['image'])
  })

  it('runs neither substitutions of a config nor those that the user has typed', async () => {
    await inBash('lbuild image --compression ')
    await inBash('lbuild image --set ')
    await inBash('lbuild $(touch${IFS}hacked) ')
    await inBash('lbuild `touch${IFS}hacked` im')
    expect(distro.exists('hacked')).toBe(false)
  })
})

describe('zsh', () => {
  it.each([
    ['a command', 'lbuild sta', 'status', 'lbuild status '],
    ['targets', 'lbuild why ', 'rootfs', 'lbuild why '],
    ['a param', 'lbuild image --comp', 'compression', 'lbuild image --compression '],
    ['a choice', 'lbuild image --compression z', 'zstd', 'lbuild image --compression zstd '],
    ['choices', 'lbuild image --compression ', 'lz4hc', 'lbuild image --compression '],
  ])('completes %s', async (_, line, shown, completed) => {
    expect(await inZsh(line, shown)).toBe(completed)
  })

  it('shows descriptions', async () => {
    expect(await inZsh('lbuild image --', 'how it is compressed')).toBe('lbuild image --')
    expect(distro.exists('hacked')).toBe(false)
  })
})

describe('fish', () => {
  it.each<readonly [string, string, readonly string[]]>([
    ['a command', 'lbuild sta', ['status\tShow which artifacts are fresh, restorable, stale or undecided']],
    ['targets with descriptions', 'lbuild why ', ['image', 'rootfs\tthe root file system: all of it']],
    ['params with descriptions', 'lbuild image --comp', ['--compression\thow it is compressed']],
    [
      'descriptions without control characters',
      'lbuild image --hostn',
      ['--hostname\tthe name; `touch hacked` $(touch hacked)'],
    ],
    ['choices', 'lbuild image --compression l', ['lz4', 'lz4hc']],
  ])('completes %s', async (_, line, expected) => {
    expect([...(await inFish(line))].sort()).toEqual(expected)
    expect(distro.exists('hacked')).toBe(false)
  })
})

it('a completion reads the cached graph and does not evaluate the config again', async () => {
  await distro.succeed('status')
  const before = distro.state('cache/config')
  expect((await distro.lbuild('complete', '--', 'why', 'im')).stdout).toBe('image\t\n:4\n')
  expect(distro.state('cache/config')).toEqual(before)
})

it.each([
  ['broken', `console.log('printed'); throw new Error('broken')`],
  ['missing', undefined],
])('commands are completed without a message if the config is %s', async (_, config) => {
  const workspace = new TestWorkspace(config === undefined ? {} : { 'build.config.ts': config })
  const { code, stdout, stderr } = await workspace.lbuild('complete', '--', 'w')
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^watch\t.*\nwhy\t.*\n:4\n$/)
  expect((await workspace.lbuild('complete', '--', 'why', '')).stdout).toBe(':4\n')
})

it('another shell is refused with the shells that have a script', async () => {
  const { code, stderr } = await distro.lbuild('completion', 'csh')
  expect(code).toBe(2)
  expect(stderr).toContain('bash, zsh, fish')
})
