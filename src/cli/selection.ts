// Selects the workspace, its params and the targets that a command line names.
import { sandboxProbe } from '../sandbox/confinement.ts'
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Failure } from '../platform/failure.ts'
import type { Graph } from '../graph/graph.ts'
import { topArtifacts } from '../graph/graph.ts'
import type { Overrides } from '../graph/params.ts'
import { NO_PROFILE, paramNames, withParams, withProfile } from '../graph/params.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { ignoredFiles, openWorkspace } from '../workspace/workspace.ts'
import type { Invocation } from './invocation.ts'
import { paint } from './render/color.ts'

/** The options that select a workspace and set its params. */
export interface SelectionOptions {
  readonly directory?: string | undefined
  /** The directory for published outputs, relative to the current directory. */
  readonly output?: string | undefined
  /** Settings as `NAME=VALUE` or `ARTIFACT.NAME=VALUE`. */
  readonly set?: readonly string[] | undefined
  readonly profile?: string | undefined
}

/** An option that is neither the command's nor sets a param of the distro. */
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

/** A workspace with its params set, and the targets that the command line names. */
export interface Selection {
  readonly workspace: Workspace
  readonly targets: readonly string[]
  /** The params of the profile and of the command line, as they were written. */
  readonly params: Overrides
}

/**
 * Opens the workspace and applies the params of the command line. `words` holds the targets and the options that
 * commander does not know: each param `diskSize` of the distro has an option `--disk-size VALUE`. Throws
 * {@link UnknownOption}, or a Failure (exit code 2) for a word that cannot be parsed.
 */
export async function openSelection(
  invocation: Invocation,
  words: readonly string[],
  options: SelectionOptions,
): Promise<Selection> {
  const workspace = await open(invocation, options)
  for (const message of ignoredFiles(workspace))
    process.stderr.write(`${paint(process.stderr, 'yellow', 'warning:')} ${message}\n`)
  return selectionFrom(workspace, words, options)
}

/** Like {@link openSelection}, but shows neither warnings nor what the config prints. */
export const openQuietly = async (
  invocation: Invocation,
  words: readonly string[],
  options: SelectionOptions,
): Promise<Selection> => selectionFrom(await open(invocation, options, false), words, options)

const open = (
  { home, signal }: Invocation,
  options: SelectionOptions,
  showsOutput = true,
): Promise<Workspace> =>
  openWorkspace({
    home,
    hasSandbox: sandboxProbe(),
    ...directoriesOf(options),
    evaluation: { showsOutput, ...(signal ? { signal } : {}) },
  })

/** Like {@link openSelection}; without targets it selects every artifact that no other artifact depends on. */
export async function openSelectionOrAll(
  invocation: Invocation,
  words: readonly string[],
  options: SelectionOptions,
): Promise<Selection> {
  const selection = await openSelection(invocation, words, options)
  const { workspace, targets } = selection
  return targets.length > 0 ? selection : { ...selection, targets: topArtifacts(workspace.graph) }
}

/** Applies the params of a command line to an open workspace. Throws as {@link openSelection} does. */
export function selectionFrom(
  opened: Workspace,
  words: readonly string[],
  { set = [], profile }: SelectionOptions,
): Selection {
  const plain = profile === undefined ? opened : { ...opened, graph: withProfile(opened.graph, profile) }
  const { targets, overrides } = parseWords(words, plain.graph)
  const all = { ...overrides, ...Object.fromEntries(set.map(parseSetting)) }
  const params = { ...opened.graph.profiles[profile ?? NO_PROFILE], ...all }
  if (Object.keys(all).length === 0) return { workspace: plain, targets, params }
  const graph = withParams(plain.graph, all, 'the command line')
  return { workspace: { ...plain, graph }, targets, params }
}

/** Where the search for the distro starts, and the directory for outputs if one is given. Throws a Failure (exit code 2). */
export const directoriesOf = ({
  directory,
  output,
}: Pick<SelectionOptions, 'directory' | 'output'>): { readonly start: string; readonly output?: string } => ({
  start: startDirectory(directory),
  ...(output === undefined ? {} : { output }),
})

function startDirectory(directory: string | undefined): string {
  if (directory === undefined) return process.cwd()
  const path = resolve(directory)
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return path
  throw new Failure(`no such directory: ${path}`, { hint: 'check the path given with -C', exitCode: 2 })
}

function parseSetting(setting: string): [string, string] {
  const at = setting.indexOf('=')
  if (at > 0) return [setting.slice(0, at), setting.slice(at + 1)]
  throw new Failure(`invalid setting '${setting}'`, { hint: 'write --set NAME=VALUE', exitCode: 2 })
}

function parseWords(words: readonly string[], graph: Graph): { targets: string[]; overrides: Overrides } {
  const params = new Map(paramNames(graph).map((name) => [flagOf(name), name]))
  const targets: string[] = []
  const overrides: Record<string, string> = {}
  const rest = words.values()
  for (const word of rest) {
    if (!word.startsWith('-')) {
      targets.push(word)
      continue
    }
    const [flag = word, inline] = word.split(/=(.*)/s)
    const param = params.get(flag)
    if (param === undefined) throw new UnknownOption(flag, [...params.keys()])
    const value = inline ?? rest.next().value
    if (value === undefined)
      throw new Failure(`option '${flag}' needs a value`, { hint: `write ${flag} VALUE`, exitCode: 2 })
    overrides[param] = value
  }
  return { targets, overrides }
}

/** The option that sets a param: `--disk-size` for `diskSize`. */
export const flagOf = (param: string): string =>
  `--${param.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
