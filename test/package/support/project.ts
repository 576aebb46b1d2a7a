// A project of a user in a directory of its own, into which the packed lbuild is installed.
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { afterAll, beforeEach, inject } from 'vitest'
import { sha256 } from '../../../src/platform/digest.ts'
import { INSTALL } from './setup.ts'

/** What a command printed, and its exit code or the name of the signal that ended it. */
export interface Ended {
  readonly code: number | string
  readonly stdout: string
  readonly stderr: string
}

/** Skips the tests of a file, with the reason, where packages cannot be installed. */
export function needsRegistry(): void {
  const reason = inject('noRegistry')
  beforeEach(({ skip }) => skip(reason !== '', reason))
}

/** A distro of two artifacts; the second uses a library of lbuild, which uses one of npm. */
export const DISTRO: Readonly<Record<string, string>> = {
  'build.config.ts': `import { writeFile } from 'node:fs/promises'
import { artifact, defineConfig, internal, text, tree } from 'lbuild'
import { Layer } from 'lbuild/images/layer'
import { readManifest } from 'lbuild/images/manifest'

const files = artifact('files', {
  inputs: { files: tree('files') },
  tools: ['tar'],
  outputs: { tar: internal('files.tar') },
  produce: ({ inputs, outputs, run }) =>
    run('tar', ['--sort=name', '--owner=0', '--group=0', '-cf', outputs.tar, '-C', inputs.files, '.']).then(() => {}),
})

const image = artifact('image', {
  inputs: { tar: files.output('tar') },
  params: { hostname: text('tiny') },
  outputs: { image: 'image.tar', node: 'node.txt' },
  async produce({ inputs, outputs, params, epoch }) {
    const layer = new Layer(await readManifest(inputs.tar, () => false))
    layer.write('/etc/hostname', params.hostname)
    await writeFile(outputs.image, await layer.tar(epoch))
    await writeFile(outputs.node, process.version)
  },
})

export default defineConfig({ artifacts: [files, image] })
`,
  'files/etc/motd': 'welcome\n',
}

/** A directory with its files and commands. */
export class Project {
  readonly root: string

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.root = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/lbuild-project-`))
    fs.chmodSync(this.root, 0o755)
    for (const [path, content] of Object.entries(files)) this.write(path, content)
    afterAll(() => fs.rmSync(this.root, { recursive: true, force: true }))
  }

  path(path: string): string {
    return `${this.root}/${path}`
  }

  write(path: string, content: string): void {
    fs.mkdirSync(dirname(this.path(path)), { recursive: true })
    fs.writeFileSync(this.path(path), content)
  }

  read(path: string): string {
    return fs.readFileSync(this.path(path), 'utf8')
  }

  /** Runs a command to its end, whatever its exit code. */
  run(
    command: readonly string[],
    directory = '.',
    env: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const [program = '', ...args] = command
    const options = { cwd: this.path(directory), env: { ...process.env, ...env } }
    return new Promise((resolve) => {
      execFile(program, args, options, (error, stdout, stderr) =>
        resolve({ code: error ? (error.code ?? error.signal ?? 'failed') : 0, stdout, stderr }),
      )
    })
  }

  /** Runs a command that must succeed; returns its output. */
  async done(
    command: readonly string[],
    directory = '.',
    env: Readonly<Record<string, string>> = {},
  ): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, directory, env)
    if (code !== 0) throw new Error(`${command.join(' ')}: ${code}\n${stdout}${stderr}`)
    return stdout
  }

  /** Copies what npm installs with the packed lbuild. */
  async installCopy(): Promise<void> {
    await this.done(['cp', '-a', `${inject('installed')}/.`, '.'])
  }

  /** Installs packages with npm. */
  async install(...packages: readonly string[]): Promise<void> {
    await this.done(['npm', ...INSTALL, ...packages])
  }

  /** Every file below a directory with its mode, times and content. */
  state(directory: string): Readonly<Record<string, string>> {
    const root = fs.realpathSync(this.path(directory))
    const names = fs.readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()
    return Object.fromEntries(
      names.map((name) => {
        const stat = fs.lstatSync(`${root}/${name}`)
        const content = stat.isFile() ? sha256(fs.readFileSync(`${root}/${name}`)) : ''
        return [name, `${stat.mode} ${stat.mtimeMs} ${stat.ctimeMs} ${content}`]
      }),
    )
  }

  /** Builds the image; gives the key of each artifact and the modules of its code. */
  async keys(directory = '.'): Promise<unknown> {
    await this.done(['npx', 'lbuild', 'image'], directory)
    const status = JSON.parse(await this.done(['npx', 'lbuild', 'status', '--json'], directory)) as {
      artifacts: readonly { name: string; key: string | null }[]
    }
    const graph = JSON.parse(await this.done(['npx', 'lbuild', 'graph', '--format', 'json'], directory)) as {
      artifacts: readonly { name: string; modules: readonly string[] }[]
    }
    return [
      status.artifacts.map(({ name, key }) => [name, key]),
      graph.artifacts.map(({ name, modules }) => [name, modules]),
    ]
  }
}
