// A workspace in a directory of its own, built by the real command line.
import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { text as readAll } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterAll } from 'vitest'
import { sha256 } from '../../src/platform/digest.ts'
import type { BuildReport } from '../../src/executor/report.ts'
import { temporaryDirectory } from './temporary.ts'

const LBUILD = fileURLToPath(new URL('../../lbuild', import.meta.url))

export interface Ended {
  /** The exit code, or the name of the signal. */
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** A build that printed JSON. */
export interface Built extends Ended {
  readonly report: BuildReport
  /** The artifacts whose producers ran, in order of their names. */
  readonly ran: readonly string[]
  readonly restored: readonly string[]
}

/** A distro of a few small artifacts in a directory of its own, built by the real command line. */
export class TestWorkspace {
  readonly root: string
  /** The environment variables of the command line, besides PATH. */
  readonly env: Record<string, string> = {}
  /** The processes that were started and have not ended. */
  readonly running = new Set<ChildProcess>()
  /** The path of the lbuild to start. */
  program = LBUILD
  #user: readonly string[] = []
  #interpreter: readonly string[] = [process.execPath]

  constructor(files: Readonly<Record<string, string>>, root = temporaryDirectory()) {
    this.root = root
    this.writeAll(files)
  }

  /** A directory that is removed after all tests of a file. */
  static lasting(): string {
    const root = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/lbuild-test-`))
    afterAll(() => fs.rmSync(root, { recursive: true, force: true }))
    return root
  }

  /** The same directory, for a root without the right to override permissions (capabilities(7), CAP_DAC_*). */
  withoutOverride(): TestWorkspace {
    return this.#as('setpriv', '--bounding-set=-dac_override,-dac_read_search', '--')
  }

  /** The same directory, for the user and group `nobody`; needs root. */
  asNobody(): TestWorkspace {
    return this.#as('setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', '--')
  }

  /** The same directory, for a user with its own group and another one; needs root. */
  asUser(id: number, group: number): TestWorkspace {
    return this.#as('setpriv', `--reuid=${id}`, `--regid=${id}`, `--groups=${group}`, '--')
  }

  /** The same directory, with another copy of lbuild, `home/lbuild`. */
  from(home: string): TestWorkspace {
    const other = this.#as()
    other.program = `${home}/lbuild`
    return other
  }

  #as(...user: readonly string[]): TestWorkspace {
    const other = new TestWorkspace({}, this.root)
    Object.assign(other.env, this.env)
    other.#user = user
    return other
  }

  /** The same directory, for a root that cannot create namespaces, as in a plain container. */
  withoutNamespaces(): TestWorkspace {
    const other = new TestWorkspace({}, this.root)
    other.#user = ['setpriv', '--bounding-set=-sys_admin,-mknod', '--']
    return other
  }

  /**
   * The same directory, for an lbuild that is started by its first line, as users do, in a session of its own, with some
   * signals ignored.
   */
  ignoring(...signals: readonly string[]): TestWorkspace {
    const trap = signals.length === 0 ? '' : `trap '' ${signals.join(' ')}; `
    const other = this.#as('setsid', 'sh', '-c', `${trap}exec "$@"`, 'sh')
    other.#interpreter = []
    return other
  }

  /** The same directory, for a caller with that umask. */
  withUmask(umask: string): TestWorkspace {
    return this.#as('sh', '-c', `umask ${umask}; exec "$@"`, 'sh')
  }

  /** A copy in another directory. */
  copy(): TestWorkspace {
    const copy = new TestWorkspace({})
    this.copyTo(copy)
    return copy
  }

  /** A copy in another directory, in which nothing was built. */
  copyOfSources(): TestWorkspace {
    const copy = new TestWorkspace({})
    this.copyTo(copy, ['cache', 'output'])
    return copy
  }

  /** Copies everything into another workspace, except for some paths. */
  copyTo({ root }: TestWorkspace, except: readonly string[] = []): void {
    const excluded = new Set(except.map((path) => this.path(path)))
    fs.cpSync(this.root, root, {
      recursive: true,
      verbatimSymlinks: true,
      preserveTimestamps: true,
      filter: (path) => !excluded.has(path),
    })
  }

  path(path: string): string {
    return `${this.root}/${path}`
  }

  write(path: string, content: string | Uint8Array, mode?: number): void {
    fs.mkdirSync(dirname(this.path(path)), { recursive: true })
    fs.writeFileSync(this.path(path), content)
    if (mode !== undefined) fs.chmodSync(this.path(path), mode)
  }

  writeAll(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) this.write(path, content)
  }

  /** Replaces a text, which must exist, with another. */
  edit(path: string, from: string, to: string): void {
    const text = this.read(path)
    if (!text.includes(from)) throw new Error(`${path} does not contain '${from}'`)
    this.write(path, text.replace(from, to))
  }

  read(path: string): string {
    return fs.readFileSync(this.path(path), 'utf8')
  }

  bytes(path: string): Buffer {
    return fs.readFileSync(this.path(path))
  }

  exists(path: string): boolean {
    return fs.existsSync(this.path(path))
  }

  remove(path: string): void {
    fs.rmSync(this.path(path), { recursive: true })
  }

  rename(from: string, to: string): void {
    fs.renameSync(this.path(from), this.path(to))
  }

  /** Starts the command line. Throws an Error in a unit test: those run in process, and all of them in a minute. */
  start(...args: readonly string[]): { child: ChildProcess; ended: Promise<Ended> } {
    if (process.env['LBUILD_TEST_SUITE'] === 'unit')
      throw new Error('a unit test starts lbuild: name its file *.integration.test.ts')
    const [program, ...words] = [...this.#user, ...this.#interpreter, this.program, ...args]
    const child = spawn(program!, words, {
      cwd: this.root,
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.running.add(child)
    child.once('close', () => this.running.delete(child))
    const ended = Promise.all([once(child, 'close'), readAll(child.stdout), readAll(child.stderr)]).then(
      ([[code, signal], stdout, stderr]): Ended => ({
        code: (code ?? signal) as number | string,
        stdout,
        stderr,
      }),
    )
    return { child, ended }
  }

  /** Runs the command line to its end. */
  lbuild(...args: readonly string[]): Promise<Ended> {
    return this.start(...args).ended
  }

  /** Runs the command line to its end. Throws an Error with its messages if it fails. */
  async succeed(...args: readonly string[]): Promise<void> {
    const { code, stderr } = await this.lbuild(...args)
    if (code !== 0) throw new Error(stderr)
  }

  /** Runs a build that prints a report as JSON. */
  async build(...args: readonly string[]): Promise<Built> {
    const ended = await this.lbuild(...args, '--json')
    if (ended.stdout === '') throw new Error(`no report, exit code ${ended.code}:\n${ended.stderr}`)
    const report = JSON.parse(ended.stdout) as BuildReport
    const named = (wanted: string): string[] =>
      report.artifacts
        .filter(({ outcome }) => outcome === wanted)
        .map(({ name }) => name)
        .sort()
    return { ...ended, report, ran: named('built'), restored: named('restored') }
  }

  /** The verdict of every artifact, by `status` with some options. */
  async verdicts(...args: readonly string[]): Promise<Readonly<Record<string, string>>> {
    const { stdout, stderr } = await this.lbuild('status', '--json', ...args)
    if (stdout === '') throw new Error(stderr)
    const { artifacts } = JSON.parse(stdout) as { artifacts: { name: string; verdict: string }[] }
    return Object.fromEntries(artifacts.map(({ name, verdict }) => [name, verdict]))
  }

  /** The state and content of every file below a directory, to show whether anything was written. */
  state(directory: string): Readonly<Record<string, string>> {
    if (!this.exists(directory)) return {}
    const names = fs.readdirSync(this.path(directory), { recursive: true, encoding: 'utf8' }).sort()
    return Object.fromEntries(
      names.map((name) => {
        const path = this.path(`${directory}/${name}`)
        const stat = fs.lstatSync(path)
        const { ino, mode, mtimeMs } = stat
        return [
          name,
          stat.isFile() ? `${ino} ${mode} ${mtimeMs} ${sha256(fs.readFileSync(path))}` : 'no file',
        ]
      }),
    )
  }

  /** Everything that a verdict depends on. */
  verdictState(): Readonly<Record<string, unknown>> {
    return {
      objects: this.state('cache/objects'),
      records: this.state('cache/records'),
      output: this.state('output'),
    }
  }
}
