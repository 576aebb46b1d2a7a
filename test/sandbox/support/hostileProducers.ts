// A workspace with many hostile producers, which one build runs.
import type { ArtifactReport } from '../../../src/executor/report.ts'
import type { Built } from '../../support/workspace.ts'
import { TestWorkspace } from '../../support/workspace.ts'

/**
 * Something that a producer tries: `code`, the body of a function that returns lines, or `python`, a program that prints
 * them. Each line must match `expected`, usually `refused CODE`. An attempt that succeeds must be harmless to the host.
 */
export interface Attempt {
  readonly title: string
  readonly code?: string
  readonly python?: string
  readonly expected: RegExp
}

/** A producer that leaves, prints or uses something. It fails with a text that matches `failure`, or else succeeds. */
export interface Abuse {
  readonly title: string
  readonly code: string
  readonly failure?: RegExp
  /** The content of the output if it succeeds. */
  readonly content?: RegExp
  readonly declaration?: string
}

/** What producers use to attack: `attempt` and `python` give lines that begin with `allowed` or `refused`. */
const TOOLS = `import { execFileSync, spawn, spawnSync } from 'node:child_process'
import * as fs from 'node:fs'

const PRELUDE = \`
import ctypes, errno, fcntl, json, os, shutil, socket, stat, struct, subprocess, sys
params = json.loads(sys.argv[1])
libc = ctypes.CDLL(None, use_errno=True)
inputs, work = '/inputs', '/work'
arm = os.uname().machine == 'aarch64'
def show(code): print('refused ' + errno.errorcode[code] if code else 'allowed')
def call(function, *arguments):
    result = getattr(libc, function)(*arguments)
    show(ctypes.get_errno() if result == -1 else 0)
def attempt(function, *arguments):
    try:
        function(*arguments)
        show(0)
    except OSError as error:
        show(error.errno)
\`
const lines = (text) => text.split('\\n').filter((line) => line !== '')
const attempt = (action) => {
  try {
    action()
    return 'allowed'
  } catch (error) {
    return 'refused ' + (error.code ?? error.message)
  }
}
const attempts = (paths, action) => paths.map((path) => attempt(() => action(path)))
const python = (code, params) =>
  lines(execFileSync('/usr/bin/python3', ['-I', '-c', PRELUDE + code, JSON.stringify(params)], { encoding: 'utf8' }))
/** Whether a program starts and succeeds. */
const program = (name, ...args) => {
  const { status, error, stderr } = spawnSync(name, args, { encoding: 'utf8' })
  if (error) throw error
  return status === 0 ? 'allowed' : 'refused: ' + stderr.trim().split('\\n')[0]
}
const shell = (script) => execFileSync('sh', ['-c', script], { encoding: 'utf8', maxBuffer: 2 ** 30 })
`

/** The name of the artifact of a case. */
export const nameOf = ({ title }: { readonly title: string }): string =>
  title
    .replaceAll(/[^A-Za-z0-9]+/g, '-')
    .toLowerCase()
    .replaceAll(/^-|-$/g, '')

const declare = (name: string, code: string, declaration: string, index: number): string =>
  `const case${index} = artifact('${name}', { inputs: { note: file('note.txt'), tree: tree('tree'), object: victim.output('o') },
  outputs: { o: '${name}.txt' }, ${declaration}
  async produce({ inputs, outputs, params, work, scratch, log, run }) { ${code} } })`

/** A workspace of an innocent artifact, `victim`, and of one artifact for each declaration. */
function workspaceOf(declarations: readonly string[], root: string): TestWorkspace {
  const names = declarations.map((_, index) => `case${index}`)
  return new TestWorkspace(
    {
      'note.txt': 'a note',
      'tree/deep/file': 'in a tree',
      'build.config.ts': `import { artifact, defineConfig, file, text, tree } from 'lbuild'
${TOOLS}
const victim = artifact('victim', { outputs: { o: 'victim.txt' },
  produce: ({ outputs }) => fs.writeFileSync(outputs.o, 'untouched') })
${declarations.join('\n')}
export default defineConfig({ artifacts: [victim, ${names.join(', ')}] })
`,
    },
    root,
  )
}

/** A workspace whose artifacts write the lines of an attempt to their outputs. `params` are what they know of the host. */
export function attempting(
  attempts: readonly Attempt[],
  params: Readonly<Record<string, string>>,
  root: string,
): TestWorkspace {
  const declared = Object.keys(params).map((name) => `${name}: text('')`)
  return workspaceOf(
    attempts.map((attempt, index) =>
      declare(
        nameOf(attempt),
        `if (!process.argv[1].startsWith('/lbuild/')) throw new Error('there is no sandbox')
    const seen = await (async () => { ${attempt.code ?? 'return []'} })()
    fs.writeFileSync(outputs.o, [seen ?? [], python(${JSON.stringify(attempt.python ?? '')}, params)].flat().join('\\n'))`,
        `params: { ${declared.join(', ')} },`,
        index,
      ),
    ),
    root,
  )
}

/** A workspace whose artifacts run the code of the abuses. */
export const abusing = (abuses: readonly Abuse[], root: string): TestWorkspace =>
  workspaceOf(
    abuses.map((abuse, index) => declare(nameOf(abuse), abuse.code, abuse.declaration ?? '', index)),
    root,
  )

/** Builds everything at once, whatever fails. */
export const buildAll = (
  workspace: TestWorkspace,
  cases: readonly { readonly title: string }[],
  ...options: readonly string[]
): Promise<Built> => workspace.build('--keep-going', ...options, 'victim', ...cases.map(nameOf))

/** The report of the artifact of a case. */
export function reportOf({ report }: Built, one: { readonly title: string }): ArtifactReport {
  const found = report.artifacts.find(({ name }) => name === nameOf(one))
  if (!found) throw new Error(`no report of ${nameOf(one)}`)
  return found
}
