// Copies of the reference distro for tests, and the commands that run in them.
import { execFile, execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, inject } from 'vitest'
import type { BuildReport } from '../../../src/executor/report.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The directory in which the suite built the distro from nothing. */
    workspace: string
    /** The report of that build. */
    firstBuild: BuildReport
    /** The path of the tarball that `npm pack` made. */
    tarball: string
  }
}

/** The directory of lbuild. */
export const HOME = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** The files of pinned downloads, by the folders of artifacts/ that have them. */
const LOCKFILES = ['packages', 'kernel', 'loaders'] as const

/** The artifacts that publish an image. */
export const IMAGES = ['iso', 'qcow2'] as const

/** The limits of a boot on a busy machine without KVM: they only end what hangs. */
export const PATIENT_BOOT = { bootSeconds: 1800, silenceSeconds: 900, commandSeconds: 900 } as const

/** A command for the guest that prints the state of each service of the distro. */
export const SERVICES = 'systemctl is-active ssh NetworkManager chrony'

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command with a clean environment; resolves with any exit code. */
export function exec(
  command: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<Ended> {
  const [program, ...args] = command
  const PATH = `${process.env.PATH}:/usr/sbin:/sbin`
  const options = { cwd, env: { PATH, HOME: tmpdir(), ...env }, maxBuffer: 1 << 28 }
  return new Promise((resolve) => {
    execFile(program!, args, options, (error, stdout, stderr) => {
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr })
    })
  })
}

/** Runs a command that must succeed, as {@link exec} does; returns its output. */
export async function output(command: readonly string[], cwd = '/'): Promise<string> {
  const { code, stdout, stderr } = await exec(command, cwd)
  if (code !== 0) throw new Error(`${command.join(' ')}: exit code ${code}\n${stderr}`)
  return stdout
}

/** A workspace of the reference distro. */
export class Distro {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** The workspace that the suite built before its first test. All files of tests share it, so no test changes it. */
  static built(): Distro {
    return new Distro(inject('workspace'))
  }

  /** A copy of the built workspace, with its store and outputs, for the tests of one file to change. */
  static copyForFile(): Distro {
    const copy = new Distro(realpathSync(mkdtempSync(join(tmpdir(), 'lbuild-e2e-'))))
    beforeAll(() => {
      Distro.built().copyTo(copy.root)
    })
    afterAll(() => copy.remove())
    return copy
  }

  /** A workspace that was never built and has no lockfiles. */
  static fresh(): Distro {
    const distro = new Distro(realpathSync(mkdtempSync(join(tmpdir(), 'lbuild-e2e-'))))
    for (const part of ['build.config.ts', 'artifacts'])
      cpSync(join(HOME, part), distro.path(part), { recursive: true })
    for (const name of LOCKFILES) rmSync(distro.path(`artifacts/${name}/${name}.lock`), { force: true })
    return distro
  }

  /** Copies sources, store and outputs. The two share the objects of the store, which lbuild never changes. */
  copyTo(root: string): void {
    mkdirSync(join(root, 'cache'), { recursive: true })
    const copy = (from: string, to: string, ...how: readonly string[]): unknown =>
      execFileSync('cp', ['-a', ...how, this.path(from), join(root, to)])
    for (const part of ['build.config.ts', 'artifacts', 'output']) copy(part, '', '--reflink=auto')
    for (const part of ['config', 'index', 'log', 'records']) copy(`cache/${part}`, 'cache', '--reflink=auto')
    copy('cache/objects', 'cache', '--link')
  }

  /** Copies the sources with their lockfiles and the downloads, but no outputs. */
  copySourcesTo(root: string): void {
    for (const part of ['build.config.ts', 'artifacts'])
      cpSync(this.path(part), join(root, part), { recursive: true })
    for (const name of LOCKFILES) {
      const text = readFileSync(this.path(`artifacts/${name}/${name}.lock`), 'utf8')
      for (const [, digest = ''] of text.matchAll(/"sha256":"([0-9a-f]{64})"/g)) {
        const object = `cache/objects/${digest.slice(0, 2)}/${digest.slice(2)}`
        cpSync(this.path(object), join(root, object), { preserveTimestamps: true })
      }
    }
  }

  path(relative: string): string {
    return join(this.root, relative)
  }

  lbuild(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return exec([process.execPath, `${HOME}/lbuild`, ...args], this.root, env)
  }

  /** Builds and returns the report. Throws the messages if the exit code is not 0. */
  async build(...args: readonly string[]): Promise<BuildReport & { stderr: string }> {
    const { code, stdout, stderr } = await this.lbuild([...args, '--json'])
    if (code !== 0) throw new Error(`lbuild ${args.join(' ')}: exit code ${code}\n${stderr}`)
    return { ...(JSON.parse(stdout) as BuildReport), stderr }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** The names of the artifacts with an outcome, sorted. */
export const withOutcome = ({ artifacts }: BuildReport, outcome: string): string[] =>
  artifacts
    .filter((artifact) => artifact.outcome === outcome)
    .map(({ name }) => name)
    .sort()
