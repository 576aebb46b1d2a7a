import type { BootPatterns } from '../../api/config.ts'
import { print } from '../render/print.ts'
import { checkBoot } from '../../vm/bootCheck.ts'
import type { BootReport } from '../../vm/bootCheck.ts'
import type { Firmware } from '../../vm/qemu.ts'
import { runImage } from '../../vm/runImage.ts'
import { Failure } from '../../platform/failure.ts'
import { build } from '../../executor/build.ts'
import { checkTargets } from '../../executor/targets.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { Interruption } from '../render/interruption.ts'
import { progressOn } from '../render/progress.ts'
import type { Invocation, WorkspaceOptions } from '../session.ts'
import { openSession } from '../session.ts'
import { duration } from '../render/format.ts'

export interface BootCommandOptions extends WorkspaceOptions {
  readonly firmware: Firmware
  readonly json?: boolean
  readonly build: boolean
  readonly usb?: boolean
  readonly window?: boolean
  readonly log?: string
  readonly memory?: number
}

/** What QEMU can start, by the ending of its name. */
const BOOTABLE = /\.(qcow2|iso)$/

/** `lbuild boot TARGET`: builds the image if it is not up to date, then boots it headless and asks it how it is. */
export async function bootCommand(
  invocation: Invocation,
  words: readonly string[],
  options: BootCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const { image, patterns } = await bootableImage(invocation, words, options, signal)
  if (!options.json) process.stderr.write(`booting ${image} (${options.firmware}) …\n`)
  const report = await checkBoot({ image, signal, patterns, ...machineOptions(options) })
  if (options.json) print(`${JSON.stringify({ schemaVersion: 1, image, ...report }, undefined, 2)}\n`)
  else showReport(report)
  return 0
}

/** `lbuild run TARGET`: a machine to use, on an overlay that is thrown away. */
export async function runCommand(
  invocation: Invocation,
  words: readonly string[],
  options: BootCommandOptions,
  signal: AbortSignal,
): Promise<number> {
  const { image } = await bootableImage(invocation, words, options, signal)
  process.stderr.write(`running ${image}; what you change in it is thrown away. Ctrl-A X ends it.\n`)
  await runImage({ image, signal, ...machineOptions(options), ...(options.window ? { window: true } : {}) })
  return 0
}

const machineOptions = ({ firmware, usb, log, memory }: BootCommandOptions) => ({
  firmware,
  ...(usb ? { bus: 'usb' as const } : {}),
  ...(log === undefined ? {} : { log }),
  ...(memory === undefined ? {} : { memory }),
})

async function bootableImage(
  invocation: Invocation,
  words: readonly string[],
  options: BootCommandOptions,
  signal: AbortSignal,
): Promise<{ readonly image: string; readonly patterns: BootPatterns }> {
  const { workspace, targets } = await openSession(invocation, words, options)
  if (targets.length !== 1)
    throw new Failure('name one target to boot', { hint: 'such as: lbuild boot qcow2', exitCode: 2 })
  checkTargets(workspace.graph, targets)
  const image = imageOf(workspace, targets[0]!)
  if (options.build) {
    const progress = progressOn(process.stderr, 'normal')
    const interruption = new Interruption()
    const report = await build(workspace, {
      targets,
      force: false,
      keepGoing: false,
      wait: true,
      listener: (event) => {
        progress.listener(event)
        interruption.listener(event)
      },
      signal,
      code: invocation.code,
    })
      .catch((error: unknown) => {
        if (signal.aborted) progress.say(interruption.words())
        throw error
      })
      .finally(() => progress.close())
    const failed = report.artifacts.find(({ failure }) => failure)
    if (failed) throw new Failure(`${failed.name}: ${failed.failure!.headline}`, failed.failure)
  }
  return { image, patterns: workspace.graph.boot }
}

/** Where the output of an artifact lies that QEMU can start. Throws a Failure (exit code 2) where there is none. */
export function imageOf(workspace: Workspace, target: string): string {
  const node = workspace.graph.artifacts.find(({ name }) => name === target)!
  const image = Object.values(node.outputs).find(({ path, published }) => published && BOOTABLE.test(path))
  if (!image)
    throw new Failure(`'${node.name}' has no output that can be booted`, {
      facts: [
        [
          'outputs',
          Object.values(node.outputs)
            .map(({ path }) => path)
            .join(', '),
        ],
      ],
      hint: 'name an artifact that publishes a .qcow2 or an .iso',
      exitCode: 2,
    })
  return `${workspace.locations.output}/${image.path}`
}

function showReport(report: BootReport): void {
  const rows: [string, string][] = [
    ['firmware', `${report.firmware}, ${report.accelerator.name}`],
    ['kernel', duration(report.secondsToKernel ?? 0)],
    ['login', duration(report.secondsToLogin)],
    ['system', report.systemState],
    ['root', `${report.root.source} (${report.root.fstype})`],
    ['machine id', report.machineId],
    ['powered off', report.poweredOff ? 'yes' : 'no'],
  ]
  for (const [name, value] of rows) print(`${name.padEnd(12)} ${value}\n`)
}
