// Installs missing tools with the package manager of the host.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Failure, type Fact, TAIL_LINES } from '../platform/failure.ts'
import { findTool, isFile, osRelease, SEARCH_PATH } from '../platform/findTool.ts'
import { missingToolsHeadline } from '../platform/missingTools.ts'
import { fileOf, packageOf, type Manager } from './hostPackages.ts'

/** Whether this host has a tool: a program on the path, or the file that the tool consists of. */
export function hasTool(tool: string, path = SEARCH_PATH, root = '/'): boolean {
  const file = fileOf(tool)
  return file === undefined ? findTool(tool, path) !== undefined : isFile(join(root, file))
}

/** The program of each manager, and the values of ID and ID_LIKE in os-release(5) of its distributions. */
const MANAGERS: readonly (readonly [manager: Manager, program: string, distributions: readonly string[]])[] =
  [
    ['apt', 'apt-get', ['debian', 'ubuntu']],
    ['dnf', 'dnf', ['fedora', 'rhel', 'centos']],
    ['pacman', 'pacman', ['arch']],
    ['zypper', 'zypper', ['suse', 'opensuse', 'opensuse-leap', 'opensuse-tumbleweed']],
  ]

/**
 * The package manager of this host. os-release(5) decides, because a Fedora may have apt-get too; otherwise the first
 * manager whose program exists. Undefined when there is none.
 */
export function detectManager(path = SEARCH_PATH, root = '/'): Manager | undefined {
  const release = osRelease(root)
  const ids = `${release.get('ID') ?? ''} ${release.get('ID_LIKE') ?? ''}`.split(' ')
  const available = MANAGERS.filter(([, program]) => findTool(program, path) !== undefined)
  const named = available.find(([, , distributions]) => distributions.some((name) => ids.includes(name)))
  return (named ?? available[0])?.[0]
}

/** How to install missing tools. */
export interface InstallPlan {
  readonly manager: Manager
  /** The packages to install, sorted. */
  readonly packages: readonly string[]
  /** The commands to run in order, as argument vectors; none when there are no packages. */
  readonly commands: readonly (readonly string[])[]
  /** The commands as one line for a shell. */
  readonly line: string
  /** Tools without a known package. */
  readonly unknown: readonly string[]
}

/** Plans the installation of tools. Unless `root`, the commands begin with `sudo`. */
export function installPlan(
  missing: readonly string[],
  manager: Manager,
  root = process.getuid?.() === 0,
): InstallPlan {
  const names = missing.map((tool) => packageOf(tool, manager))
  const packages = [...new Set(names.filter((name) => typeof name === 'string'))].toSorted()
  const commands = packages.length === 0 ? [] : commandsOf(manager, packages, root ? [] : ['sudo'])
  const line = commands.map((argv) => argv.join(' ')).join(' && ')
  const unknown = missing.filter((_, index) => typeof names[index] !== 'string')
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

/** A Failure that names all missing tools with their packages, and the command that installs them. */
export function missingToolsFailure(
  missing: readonly string[],
  manager: Manager | undefined,
  root?: boolean,
): Failure {
  const line = manager === undefined ? '' : installPlan(missing, manager, root).line
  return new Failure(missingToolsHeadline(missing), {
    facts: missing.map((tool): Fact => [tool, originOf(tool, manager)]),
    hint:
      line === ''
        ? 'install these tools, and try again'
        : `run '${line}', or let lbuild do it: --install-tools`,
    exitCode: 2,
  })
}

function originOf(tool: string, manager: Manager | undefined): string {
  const name = manager === undefined ? undefined : packageOf(tool, manager)
  return typeof name === 'string' ? `package ${name}` : 'must be installed'
}

/** How to install tools, and where their output goes. */
export interface InstallOptions {
  /** The package manager of the host by default. */
  readonly manager?: Manager | undefined
  readonly path?: string
  readonly root?: boolean
  /** Whether the host has a tool; {@link hasTool} by default. */
  readonly isPresent?: (tool: string) => boolean
  /** Receives each command before it runs, and each line that it prints. */
  readonly say?: (line: string) => void
  readonly signal?: AbortSignal
}

/**
 * Installs missing tools with the package manager of the host, and checks that they are present. Throws a Failure that
 * shows the output of the manager when it fails, or one that names the tools that are still missing.
 */
export async function installTools(missing: readonly string[], options: InstallOptions = {}): Promise<void> {
  const { path = SEARCH_PATH, isPresent = (tool) => hasTool(tool, path), say = () => {} } = options
  if (missing.length === 0) return
  const manager = options.manager ?? detectManager(path)
  if (manager === undefined) throw missingToolsFailure(missing, manager)
  const plan = installPlan(missing, manager, options.root)
  for (const argv of plan.commands) {
    say(`$ ${argv.join(' ')}`)
    await runCommand(argv, say, options)
  }
  const remaining = missing.filter((tool) => !isPresent(tool))
  if (remaining.length > 0) throw missingToolsFailure(remaining, manager, options.root)
}

async function runCommand(
  argv: readonly string[],
  say: (line: string) => void,
  { path = SEARCH_PATH, signal }: InstallOptions,
): Promise<void> {
  // sudo clears the environment, so env(1) sets the variable behind it.
  const setting = 'DEBIAN_FRONTEND=noninteractive'
  const isSudo = argv[0] === 'sudo'
  const [program = '', ...args] = isSudo ? ['sudo', 'env', setting, ...argv.slice(1)] : argv
  const env = { ...process.env, PATH: path, DEBIAN_FRONTEND: 'noninteractive' }
  const child = spawn(program, args, { stdio: ['inherit', 'pipe', 'pipe'], env, signal })
  const tail: string[] = []
  for (const stream of [child.stdout, child.stderr])
    createInterface(stream).on('line', (line) => {
      say(line)
      tail.push(line)
      if (tail.length > TAIL_LINES) tail.shift()
    })
  const status = await new Promise<number | string>((resolve, reject) => {
    child.once('error', (error) => {
      if ('code' in error && error.code === 'ENOENT') resolve(`${program} is missing`)
      else reject(error)
    })
    child.once('close', (code, killedBy) => resolve(code ?? `killed by ${killedBy}`))
  })
  if (status === 0) return
  throw new Failure('could not install the missing tools', {
    facts: [
      ['command', argv.join(' ')],
      ['exit status', String(status)],
    ],
    tail: tail.join('\n'),
    hint: isSudo ? 'run the command yourself, as root if you cannot use sudo' : 'run the command yourself',
  })
}
