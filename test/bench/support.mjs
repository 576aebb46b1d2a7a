// Helpers of the benchmarks, which measure two commands in turn and print ratios: single times mean little on a busy machine.
import { spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

/** The directory of lbuild. */
export const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Runs a command and gives its wall time in seconds; throws with its output if it fails. */
export function time(command, options = {}) {
  const [program, ...args] = command
  const start = process.hrtime.bigint()
  const { status, stderr, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    ...options,
  })
  const seconds = Number(process.hrtime.bigint() - start) / 1e9
  if (status !== 0) throw new Error(`${command.join(' ')}: exit code ${status}\n${stdout}\n${stderr}`)
  return seconds
}

/** Times two commands in turn, after one run of each as a warm-up. */
export function pair(a, b, runs) {
  a()
  b()
  return Array.from({ length: runs }, () => [a(), b()])
}

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** One line: the medians of both, and the median of the ratios of each turn. */
export function show(name, of, pairs) {
  const [first, second] = [0, 1].map((at) => median(pairs.map((times) => times[at])))
  const ratio = median(pairs.map(([one, other]) => one / other))
  console.log(
    `${name}: ${first.toFixed(3)} s, ${of}: ${second.toFixed(3)} s, ratio ${ratio.toFixed(2)} (${pairs.length} turns)`,
  )
}

/** A copy of the reference distro in a directory of its own. */
export function copyDistro() {
  const root = mkdtempSync(join(tmpdir(), 'lbuild-bench-'))
  for (const part of ['build.config.ts', 'artifacts'])
    cpSync(join(HOME, part), join(root, part), { recursive: true })
  return root
}

export const lbuild = (root, args) => time([process.execPath, join(HOME, 'lbuild'), ...args], { cwd: root })

/** The monotonic time, in milliseconds. */
export const now = () => Number(process.hrtime.bigint()) / 1e6

/** Starts watching; `next` resolves with the time of the next fitting event of a type. */
export function watching(root, args) {
  const startedAt = now()
  const child = spawn(process.execPath, [join(HOME, 'lbuild'), 'watch', ...args, '--json'], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const events = []
  const waiting = new Set()
  createInterface(child.stdout).on('line', (line) => {
    const event = JSON.parse(line)
    events.push(event)
    for (const one of waiting)
      if (one.type === event.type && one.fits(event)) {
        waiting.delete(one)
        one.resolve(now())
      }
  })
  const next = (type, fits = () => true) => new Promise((resolve) => waiting.add({ type, fits, resolve }))
  return { child, startedAt, events, next }
}
