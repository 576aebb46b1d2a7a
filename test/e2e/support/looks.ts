// What lbuild sees of a distro that it does not build: keys, and the reasons that have to do with an artifact's own inputs.
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs'
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

/** The sources of the built distro in another directory, without a cache: {@link look} uses that of the built one. */
export function copied(copy = copyTree): Distro {
  const distro = new Distro(temporaryDirectory())
  for (const part of ['build.config.ts', 'artifacts']) copy(Distro.built().path(part), distro.path(part))
  return distro
}

/** The circumstances in which lbuild starts. */
export interface Surroundings {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** A command that runs the command after it. */
  readonly through?: readonly string[]
  readonly args?: readonly string[]
  /** The directory of lbuild. */
  readonly home?: string
}

interface SeenReason {
  readonly kind: string
  readonly now?: { readonly kind: string }
}

interface Seen {
  /** Unknown while another artifact must run first. */
  readonly key: string | null
  /** Why it is not fresh, as far as its own inputs are the reason. */
  readonly own: string
}

export type Look = Readonly<Record<string, Seen>>

/** What `status` sees of every artifact, with the cache of the built distro: the runs of that one are known. */
export async function look(distro: Distro, around: Surroundings = {}): Promise<Look> {
  const { cwd = distro.root, env = {}, through = [], args = [], home = HOME } = around
  const command = [...through, process.execPath, `${home}/lbuild`, 'status', '--json', ...args]
  const cache = Distro.built().path('cache')
  const { stdout, stderr } = await exec(command, cwd, { LBUILD_CACHE_DIR: cache, ...env })
  if (stdout === '') throw new Error(stderr)
  const { artifacts } = JSON.parse(stdout) as {
    artifacts: readonly { name: string; key: string | null; reasons: readonly SeenReason[] }[]
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

let seenOfBuilt: Promise<Look> | undefined

/** What is seen of the built distro, which no test changes. */
export const lookAtBuilt = (): Promise<Look> => (seenOfBuilt ??= look(Distro.built()))

/**
 * The artifacts that see a difference themselves, not only through others, sorted; where none does, the artifacts whose
 * keys changed nevertheless.
 */
export function movedBetween(before: Look, now: Look): string[] {
  const names = Object.keys(now).sort()
  const seen = names.filter((name) => before[name]!.own !== now[name]!.own)
  if (seen.length > 0) return seen
  const isKnown = (name: string): boolean => before[name]!.key !== null && now[name]!.key !== null
  return names.filter((name) => isKnown(name) && before[name]!.key !== now[name]!.key)
}
