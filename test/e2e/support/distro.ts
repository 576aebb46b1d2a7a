import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inject } from 'vitest'
import type { BuildReport } from '../../../src/executor/report.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** The workspace that the suite built from nothing. */
    workspace: string
    /** The report of that build. */
    firstBuild: BuildReport
  }
}

/** Where lbuild lies. */
export const HOME = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '')

/** The artifacts that publish an image. */
export const IMAGES = ['iso', 'qcow2'] as const

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a command to its end with a clean environment, whatever its exit code. */
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

/** Like {@link exec}, for commands that must succeed; gives what they print. */
export async function output(command: readonly string[], cwd = '/'): Promise<string> {
  const { code, stdout, stderr } = await exec(command, cwd)
  if (code !== 0) throw new Error(`${command.join(' ')}: exit code ${code}\n${stderr}`)
  return stdout
}

/** A copy of the reference distro, to be built and edited. */
export class Distro {
  readonly root: string

  constructor(root: string) {
    this.root = root
  }

  /** The one that the suite built before its first test. */
  static built(): Distro {
    return new Distro(inject('workspace'))
  }

  /** A new copy, never built; its lockfiles are those of the given distro, so that both name the same versions. */
  static fresh(lockfilesOf?: Distro): Distro {
    const distro = new Distro(mkdtempSync(join(tmpdir(), 'lbuild-e2e-')))
    for (const part of ['build.config.ts', 'artifacts'])
      cpSync(join(lockfilesOf?.root ?? HOME, part), distro.path(part), { recursive: true })
    if (!lockfilesOf)
      for (const name of ['packages', 'kernel', 'loaders'])
        rmSync(distro.path(`artifacts/${name}/${name}.lock`), { force: true })
    return distro
  }

  path(relative: string): string {
    return join(this.root, relative)
  }

  lbuild(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return exec([process.execPath, `${HOME}/lbuild`, ...args], this.root, env)
  }

  /** Builds, and gives the report; throws with everything that was said when the exit code is not 0. */
  async build(...args: readonly string[]): Promise<BuildReport & { said: string }> {
    const { code, stdout, stderr } = await this.lbuild([...args, '--json'])
    if (code !== 0) throw new Error(`lbuild ${args.join(' ')}: exit code ${code}\n${stderr}`)
    return { ...(JSON.parse(stdout) as BuildReport), said: stderr }
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true })
  }
}

/** The names of the artifacts with some outcome, in order of their names. */
export const withOutcome = ({ artifacts }: BuildReport, outcome: string): string[] =>
  artifacts
    .filter((artifact) => artifact.outcome === outcome)
    .map(({ name }) => name)
    .sort()
