// Tests that without a sandbox, no process that a producer starts outlives its run, wherever the process goes.
import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import { PATIENCE } from '../support/processes.ts'
import { TestWorkspace } from '../support/workspace.ts'

/**
 * Forks twice and leaves the session. The first process ends when the daemon, which runs the code, calls `ready` or has
 * become another program.
 */
const daemon = (code: string): string => `use POSIX;
$^F = 255;
my ($started, $output) = @ARGV;
pipe(my $wait, my $signal);
if (fork) { close $signal; <$wait>; exit }
POSIX::setsid();
exit if fork;
open(my $pid, '>', $started); print $pid $$; close $pid;
sub ready { close $wait; close $signal }
sub become { exec @_, 'sh', '-c', 'exec ' . fileno($signal) . '>&-; exec sleep 1h' }
${code}
`

const FOREVER = 'ready(); sleep 1 while 1;'
const CLOSE_ALL = 'POSIX::close($_) for grep { $_ != fileno($signal) } 0 .. 255;'

/** A workspace whose producer writes its output, starts a daemon that inherits its files and then runs more code. */
function workspaceOf(code: string, more = ''): TestWorkspace {
  const workspace = new TestWorkspace({ 'daemon.pl': daemon(code) })
  workspace.write(
    'build.config.ts',
    `import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { artifact, defineConfig, file } from 'lbuild'
const image = artifact('image', {
  inputs: { daemon: file('daemon.pl') }, outputs: { image: 'image.img' },
  async produce({ inputs, outputs }) {
    writeFileSync(outputs.image, 'a'.repeat(1_000_000))
    execFileSync('perl', [inputs.daemon, '${workspace.path('started')}', outputs.image], { stdio: 'inherit' })
    ${more}
  },
})
export default defineConfig({ artifacts: [image] })
`,
  )
  return workspace.withoutNamespaces()
}

const startedIn = (workspace: TestWorkspace): number => Number(workspace.read('started'))

/** Whether a process runs. One that nobody waits for stays in /proc after its end. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

const survivors: number[] = []
afterEach(() => {
  for (const pid of survivors.splice(0)) if (runs(pid)) process.kill(pid, 'SIGKILL')
})

/** The daemon of the last build. The end of the test kills it if the build did not. */
function daemonOf(workspace: TestWorkspace): number {
  const pid = startedIn(workspace)
  survivors.push(pid)
  return pid
}

describe.each([
  ['waits', FOREVER],
  ['ignores all signals', `$SIG{$_} = 'IGNORE' for qw(HUP INT TERM QUIT PIPE); ${FOREVER}`],
  ['closed all its files', `${CLOSE_ALL} ${FOREVER}`],
  ['changed its directory and cleared its environment', `chdir '/'; become 'env', '-i';`],
  ['did all of that', `chdir '/'; ${CLOSE_ALL} become 'env', '-i';`],
  ['lowered its limits', `become 'prlimit', '--fsize=1000000';`],
  ['became another user', `become 'setpriv', '--reuid=65534', '--clear-groups', 'env', '-i';`],
  [
    'starts processes without end',
    `ready(); while (1) { if (my $child = fork) { waitpid $child, 0 } else { exit } }`,
  ],
])('a daemon that %s', (_, code) => {
  it('is dead when the build ends', async () => {
    const workspace = workspaceOf(code)
    const { code: exitCode, stderr } = await workspace.lbuild('image')
    expect(runs(daemonOf(workspace))).toBe(false)
    expect(stderr).toContain('producers run unconfined')
    expect(exitCode).toBe(0)
  })
})

it('an output that a daemon keeps changing is published as it was stored', async () => {
  const workspace = workspaceOf(`open(my $file, '+<', $output); my $n = 0;
while (1) { seek($file, 0, 0); syswrite $file, sprintf('%012d', $n); ready() if $n++ == 9 }`)
  await workspace.succeed('image')
  expect(runs(daemonOf(workspace))).toBe(false)
  const published = workspace.bytes('output/image.img')
  expect(published.toString('latin1')).toMatch(/^0000\d{8}a+$/)
  const digest = sha256(published)
  expect(workspace.exists(`cache/objects/${digest.slice(0, 2)}/${digest.slice(2)}`)).toBe(true)
  await workspace.succeed('verify', 'image')
})

it('a daemon of a producer that fails is dead when the build ends', async () => {
  const workspace = workspaceOf(FOREVER, `throw new Error('no')`)
  const { code, stderr } = await workspace.lbuild('image')
  expect(runs(daemonOf(workspace))).toBe(false)
  expect(stderr).toContain('no')
  expect(code).toBe(1)
})

it('a daemon of a producer that exceeds a limit is dead when the build ends', async () => {
  const workspace = workspaceOf(FOREVER, 'for (;;) {}')
  workspace.edit('build.config.ts', 'inputs: {', 'limits: { seconds: 3 }, inputs: {')
  const { code, stderr } = await workspace.lbuild('image')
  expect(runs(daemonOf(workspace))).toBe(false)
  expect(stderr).toContain('did not finish in time')
  expect(code).toBe(1)
})

it.each([
  [
    'memory',
    `memory: '200M'`,
    `my @held; ready(); push @held, 'x' x 1_000_000 while @held < 600; sleep 1 while 1;`,
    /too much memory/,
  ],
  [
    'processes',
    'processes: 60',
    `ready(); for (1 .. 100) { fork || last } sleep 1 while 1;`,
    /too many processes/,
  ],
])('a daemon cannot exceed the limit of %s', async (_, limit, code, message) => {
  const workspace = workspaceOf(code, 'await new Promise((done) => setTimeout(done, 600_000))')
  workspace.edit('build.config.ts', 'inputs: {', `limits: { ${limit} }, inputs: {`)
  const { code: exitCode, stderr } = await workspace.lbuild('image')
  expect(runs(daemonOf(workspace))).toBe(false)
  expect(stderr).toMatch(message)
  expect(exitCode).toBe(1)
})

it.each(['SIGINT', 'SIGTERM'] as const)('a daemon is dead when %s ended the build', async (signal) => {
  const workspace = workspaceOf(FOREVER, 'await new Promise((done) => setTimeout(done, 600_000))')
  const { child, ended } = workspace.start('image')
  await vi.waitUntil(() => workspace.exists('started') && startedIn(workspace) > 0, { timeout: PATIENCE })
  child.kill(signal)
  const { code } = await ended
  expect(runs(daemonOf(workspace))).toBe(false)
  expect(code).not.toBe(0)
})

it('a daemon that lbuild cannot recognize fails the build while it holds the log', async () => {
  const workspace = workspaceOf(`become 'prlimit', '--fsize=1000000', 'env', '-i';`)
  const { code, stderr } = await workspace.lbuild('image')
  expect(runs(daemonOf(workspace))).toBe(true)
  expect(stderr).toMatch(/a process that the producer started outlives it\n +holds: +.*\/log\n/)
  expect(code).toBe(1)
})
