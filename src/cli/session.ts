import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../platform/failure.ts'
import type { Graph } from '../graph/graph.ts'
import { topArtifacts } from '../graph/graph.ts'
import type { Overrides } from '../graph/params.ts'
import { NO_PROFILE, paramNames, withParams, withProfile } from '../graph/params.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { openWorkspace } from '../workspace/workspace.ts'

/** What the starter tells the command line. */
export interface Invocation {
  /** Where lbuild itself lies. */
  readonly home: string
  /** The directory of its compiled code. */
  readonly code: string
  readonly argv: readonly string[]
  /** What stands behind `--`, for commands that run another. */
  readonly rest?: readonly string[]
}

/** Options that every command takes which looks at a workspace. */
export interface WorkspaceOptions {
  readonly directory?: string
  /** The directory for published outputs, from the current directory. */
  readonly output?: string
  readonly set: readonly string[]
  /** The profile of the config whose values of params are taken. */
  readonly profile?: string
  /** Where no target is named, take all that no other artifact takes an output of. */
  readonly everything?: boolean
}

/** An option that neither the command nor a param of the distro is called. */
export class UnknownOption extends Failure {
  readonly flag: string
  /** The options that set the params of the distro. */
  readonly params: readonly string[]

  constructor(flag: string, params: readonly string[]) {
    super(`unknown option '${flag}'`, { exitCode: 2 })
    this.flag = flag
    this.params = params
  }
}

/** A workspace, and the targets that were named beside the params. */
export interface Session {
  readonly workspace: Workspace
  readonly targets: readonly string[]
  /** The params of the profile and of the command line, as they were written. */
  readonly params: Overrides
}

/**
 * Opens the workspace with the params of the command line. `words` are targets, and options that commander does not
 * know: each param NAME of the distro may be given as `--name VALUE`.
 */
export async function openSession(
  { home }: Invocation,
  words: readonly string[],
  { directory, output, set, profile, everything = false }: WorkspaceOptions,
): Promise<Session> {
  const opened = await openWorkspace({ start: startOf(directory), home, ...outputOf(output) })
  const session = withWords(opened, words, set, profile)
  return everything && session.targets.length === 0
    ? { ...session, targets: topArtifacts(session.workspace.graph) }
    : session
}

/**
 * A workspace with the params of a command line. Throws {@link UnknownOption}, or another Failure (exit code 2) for a
 * word that cannot be read.
 */
export function withWords(
  opened: Workspace,
  words: readonly string[],
  set: readonly string[],
  profile?: string,
): Session {
  const plain = profile === undefined ? opened : { ...opened, graph: withProfile(opened.graph, profile) }
  const { targets, overrides } = splitWords(words, plain.graph)
  const all = { ...overrides, ...Object.fromEntries(set.map(splitSetting)) }
  const params = { ...opened.graph.profiles[profile ?? NO_PROFILE], ...all }
  if (Object.keys(all).length === 0) return { workspace: plain, targets, params }
  const graph = withParams(plain.graph, all, 'the command line')
  return { workspace: { ...plain, graph }, targets, params }
}

/** The option `--output` as a part of other options. */
export const outputOf = (output: string | undefined): { readonly output?: string } =>
  output === undefined ? {} : { output }

/** Where to look for the distro: a directory that is there, or the current one. Throws a Failure (exit code 2). */
export function startOf(directory: string | undefined): string {
  if (directory === undefined) return process.cwd()
  const path = resolve(directory)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  throw new Failure(`there is no directory ${path}`, { hint: 'check the path after -C', exitCode: 2 })
}

function splitSetting(setting: string): [string, string] {
  const at = setting.indexOf('=')
  if (at > 0) return [setting.slice(0, at), setting.slice(at + 1)]
  throw new Failure(`cannot read --set ${setting}`, { hint: 'write --set NAME=VALUE', exitCode: 2 })
}

function splitWords(words: readonly string[], graph: Graph): { targets: string[]; overrides: Overrides } {
  const flags = new Map(paramNames(graph).map((name) => [flagOf(name), name]))
  const targets: string[] = []
  const overrides: Record<string, string> = {}
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at]!
    if (!word.startsWith('-')) {
      targets.push(word)
      continue
    }
    const [flag, inline] = word.split(/=(.*)/s) as [string, string | undefined]
    const name = flags.get(flag)
    if (name === undefined) throw new UnknownOption(flag, [...flags.keys()])
    const value = inline ?? words[(at += 1)]
    if (value === undefined) throw new Failure(`the option ${flag} needs a value`, { exitCode: 2 })
    overrides[name] = value
  }
  return { targets, overrides }
}

/** The option that sets a param: `diskSize` is `--disk-size`. */
const flagOf = (param: string): string =>
  `--${param.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
