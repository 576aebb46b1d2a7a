// Reports tools that this host lacks.
import { Failure } from './failure.ts'
import { findTool, SEARCH_PATH } from './findTool.ts'

/** The tools that are not on the path, in the order given, each once. */
export const missingTools = (names: Iterable<string>, path = SEARCH_PATH): string[] =>
  [...new Set(names)].filter((name) => findTool(name, path) === undefined)

/** The host lacks tools. A caller that knows its package manager can add how to install them. */
export class MissingToolsFailure extends Failure {
  readonly tools: readonly string[]

  constructor(tools: readonly string[]) {
    super(missingToolsHeadline(tools), {
      facts: tools.map((tool) => [tool, 'must be installed']),
      hint: 'install the missing tools: lbuild doctor --install',
      exitCode: 2,
    })
    this.tools = tools
  }
}

export const missingToolsHeadline = ({ length }: readonly string[]): string =>
  length === 1 ? 'a tool is missing' : `${length} tools are missing`
