// Inspects a distro without building it: its keys, and the reasons that its artifacts have in their own inputs.
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Distro, exec, HOME } from './distro.ts'

/** A directory that every user may enter; it is removed after the test. */
export function temporaryDirectory(): string {
  const path = mkdtempSync(join(tmpdir(), 'lbuild-e2e-'))
  onTestFinished(() => rmSync(path, { recursive: true, force: true }))
  chmodSync(path, 0o755)
  return path
}

const copyTree = (from: string, to: string): void =>
  cpSync(from, to, { recursive: true, verbatimSymlinks: true })

/** The sources of the built distro in another directory, with its records and objects but without its other caches. */
export function copied(copy = copyTree): Distro {
  const distro = new Distro(temporaryDirectory())
  for (const part of ['build.config.ts', 'artifacts']) copy(Distro.built().path(part), distro.path(part))
  mkdirSync(distro.path('cache'))
  copyTree(Distro.built().path('cache/records'), distro.path('cache/records'))
  symlinkSync(Distro.built().path('cache/objects'), distro.path('cache/objects'))
  return distro
}

/** The circumstances in which lbuild starts. */
export interface Circumstances {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** A command that runs the command after it. */
  readonly through?: readonly string[]
  readonly args?: readonly string[]
  /** The directory of lbuild. */
  readonly home?: string
}

interface ReportedReason {
  readonly kind: string
  readonly now?: { readonly kind: string }
}

interface ArtifactState {
  /** Unknown while another artifact must run first. */
  readonly key: string | null
  /** The reasons in its own inputs for which it is not fresh. */
  readonly own: string
}

export type Inspection = Readonly<Record<string, ArtifactState>>

/** The state of every artifact according to `status`. */
export async function inspect(distro: Distro, circumstances: Circumstances = {}): Promise<Inspection> {
  const { cwd = distro.root, env = {}, through = [], args = [], home = HOME } = circumstances
  const command = [...through, process.execPath, `${home}/lbuild`, 'status', '--json', ...args]
  const { code, stdout, stderr } = await exec(command, cwd, env)
  if (code !== 0) throw new Error(stderr)
  const { artifacts } = JSON.parse(stdout) as {
    artifacts: readonly { name: string; key: string | null; reasons: readonly ReportedReason[] }[]
  }
  return Object.fromEntries(
    artifacts.map(({ name, key, reasons }) => {
      const own = reasons.filter(
        ({ kind, now }) => !['depends', 'output-missing'].includes(kind) && now?.kind !== 'output',
      )
      return [name, { key, own: JSON.stringify(own) }]
    }),
  )
}

let builtInspection: Promise<Inspection> | undefined

/** The state of the built distro, which no test changes. */
export const inspectBuilt = (): Promise<Inspection> => (builtInspection ??= inspect(Distro.built()))

/** The artifacts whose own inputs differ, sorted; if there are none, those whose keys differ nevertheless. */
export function changedKeys(before: Inspection, now: Inspection): string[] {
  const names = Object.keys(now).sort()
  const differing = names.filter((name) => before[name]!.own !== now[name]!.own)
  if (differing.length > 0) return differing
  const isKnown = (name: string): boolean => before[name]!.key !== null && now[name]!.key !== null
  return names.filter((name) => isKnown(name) && before[name]!.key !== now[name]!.key)
}
