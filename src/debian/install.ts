import { spawn } from 'node:child_process'
import { Failure, type Fact, TAIL_LINES } from '../platform/failure.ts'
import { filesPresent, packageOf, type Manager } from './hostPackages.ts'
import { findTool, osRelease, SEARCH_PATH } from '../platform/findTool.ts'

/** The names that are not there, in the order given, each once. */
export function missingTools(names: Iterable<string>, path = SEARCH_PATH, root = '/'): string[] {
  const missing = (name: string): boolean => !(filesPresent(name, root) ?? findTool(name, path) !== undefined)
  return [...new Set(names)].filter(missing)
}

/** Which program each manager is, and the words of os-release that stand for its distributions. */
const MANAGERS: readonly (readonly [manager: Manager, program: string, distributions: readonly string[]])[] =
  [
    ['apt', 'apt-get', ['debian', 'ubuntu']],
    ['dnf', 'dnf', ['fedora', 'rhel', 'centos']],
    ['pacman', 'pacman', ['arch']],
    ['zypper', 'zypper', ['suse', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed']],
  ]

/**
 * The package manager of this distribution, by ID and ID_LIKE of os-release: a Fedora host may well have apt-get, too.
 * If they say nothing, the first manager whose program is there; undefined if there is none.
 */
export function detectManager(path = SEARCH_PATH, root = '/'): Manager | undefined {
  const release = osRelease(root)
  const words = `${release.get('ID') ?? ''} ${release.get('ID_LIKE') ?? ''}`.split(' ')
  const there = MANAGERS.filter(([, program]) => findTool(program, path) !== undefined)
  const named = there.find(([, , distributions]) => distributions.some((name) => words.includes(name)))
  return (named ?? there[0])?.[0]
}

/** How missing tools are to be had. */
export interface InstallPlan {
  readonly manager: Manager
  /** Packages to install, sorted. */
  readonly packages: readonly string[]
  /** The commands to run one after the other, as argument vectors; none if there are no packages. */
  readonly commands: readonly (readonly string[])[]
  /** The commands as one line to type. */
  readonly line: string
  /** Tools that no package is known for. */
  readonly unknown: readonly string[]
}

/** What to install for these tools. With `root` false, commands begin with `sudo`. */
export function installPlan(
  missing: readonly string[],
  manager: Manager,
  root = process.getuid?.() === 0,
): InstallPlan {
  const found = missing.map((tool) => packageOf(tool, manager))
  const packages = [...new Set(found.filter((name) => typeof name === 'string'))].toSorted()
  const commands = packages.length === 0 ? [] : commandsOf(manager, packages, root ? [] : ['sudo'])
  const line = commands.map((argv) => argv.join(' ')).join(' && ')
  const unknown = missing.filter((_, index) => typeof found[index] !== 'string')
  return { manager, packages, commands, line, unknown }
}

function commandsOf(manager: Manager, packages: readonly string[], sudo: readonly string[]): string[][] {
  switch (manager) {
    case 'apt':
      return [
        [...sudo, 'apt-get', 'update'],
        [...sudo, 'apt-get', 'install', '-y', '--no-install-recommends', ...packages],
      ]
    case 'dnf':
      return [[...sudo, 'dnf', 'install', '-y', ...packages]]
    case 'pacman':
      return [[...sudo, 'pacman', '-S', '--needed', '--noconfirm', ...packages]]
    case 'zypper':
      return [[...sudo, 'zypper', '--non-interactive', 'install', '--no-recommends', ...packages]]
    default:
      return manager satisfies never
  }
}

/** The failure that names all missing tools at once, each with its package, and how to get them. */
export function missingToolsFailure(
  missing: readonly string[],
  manager: Manager | undefined,
  root?: boolean,
): Failure {
  const facts = missing.map((tool): Fact => [tool, whence(tool, manager)])
  const line = manager === undefined ? '' : installPlan(missing, manager, root).line
  return new Failure(`${missing.length === 1 ? 'a tool is' : `${missing.length} tools are`} missing`, {
    facts,
    hint:
      line === ''
        ? 'install what is named, and try again'
        : `run '${line}', or let lbuild do it: --install-tools`,
    exitCode: 2,
  })
}

function whence(tool: string, manager: Manager | undefined): string {
  const name = manager === undefined ? undefined : packageOf(tool, manager)
  return typeof name === 'string' ? `package ${name}` : 'must be installed'
}

export interface InstallOptions {
  readonly manager?: Manager | undefined
  readonly path?: string
  readonly root?: boolean
  /** Gets each command before it runs, and each line that it prints. */
  readonly say?: (line: string) => void
  readonly signal?: AbortSignal
}

/**
 * Installs what is missing with the distribution's package manager, and looks again. Throws a Failure with the
 * manager's own output if it fails, and one that names what is still missing if that is not all.
 */
export async function installTools(missing: readonly string[], options: InstallOptions = {}): Promise<void> {
  const { path = SEARCH_PATH, say = () => {} } = options
  if (missing.length === 0) return
  const manager = options.manager ?? detectManager(path)
  if (manager === undefined) throw missingToolsFailure(missing, manager)
  const plan = installPlan(missing, manager, options.root)
  for (const argv of plan.commands) {
    say(`$ ${argv.join(' ')}`)
    await runCommand(argv, say, options)
  }
  const still = missingTools(missing, path)
  if (still.length > 0) throw missingToolsFailure(still, manager, options.root)
}

async function runCommand(
  argv: readonly string[],
  say: (line: string) => void,
  { path = SEARCH_PATH, signal }: InstallOptions,
): Promise<void> {
  // sudo clears the environment: what must reach the command goes through env(1).
  const setting = 'DEBIAN_FRONTEND=noninteractive'
  const [program, ...args] = argv[0] === 'sudo' ? ['sudo', 'env', setting, ...argv.slice(1)] : argv
  const lines: string[] = []
  const keep = (line: string): void => {
    say(line)
    lines.push(line)
    if (lines.length > TAIL_LINES) lines.shift()
  }
  const env = { ...process.env, PATH: path, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(program!, args, { stdio: ['inherit', 'pipe', 'pipe'], env, signal })
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    let rest = ''
    stream.on('data', (text: string) => {
      const parts = (rest + text).split('\n')
      rest = parts.pop()!
      for (const part of parts) keep(part)
    })
    stream.once('end', () => {
      if (rest !== '') keep(rest)
    })
  }
  const status = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') resolve(`${program} is not there`)
      else reject(error)
    })
    child.once('close', (code, killedBy) => resolve(code ?? `ended by ${killedBy}`))
  })
  if (status === 0) return
  throw new Failure(`could not install the missing tools`, {
    facts: [
      ['command', argv.join(' ')],
      ['exit status', String(status)],
    ],
    tail: lines.join('\n'),
    hint:
      argv[0] === 'sudo'
        ? 'run the command yourself, as root if sudo is not to be had'
        : 'run the command yourself, and see what it asks for',
  })
}
