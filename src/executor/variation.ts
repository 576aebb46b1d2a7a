import { readFileSync } from 'node:fs'
import { findTool } from '../platform/findTool.ts'

/** What is made different in a run on purpose, since none of it may show in an output. */
export interface Variation {
  /** Of the sandbox. */
  readonly hostname: string
  /** A command that runs the command behind it. */
  readonly wrapper: readonly string[]
}

/**
 * Circumstances that are cheap and safe to change: another name of the host; one processor less, where there is more
 * than one, for tools that divide their work among all; one process in between, so that numbers of processes are
 * others, which in a sandbox are the same in every run; and with these the scratch directory on the disk, never in
 * memory, so that directories give their entries in another order. Another time and another work directory come by
 * themselves.
 */
export function otherCircumstances(): Variation {
  const processors = allowedProcessors(readFileSync('/proc/self/status', 'utf8'))
  const taskset = processors.length > 1 ? findTool('taskset') : undefined
  const timeout = findTool('timeout')
  return {
    hostname: 'elsewhere',
    wrapper: [
      ...(taskset === undefined ? [] : [taskset, '--cpu-list', processors.slice(0, -1).join(',')]),
      // Without a limit of time it only stays in between; in the foreground it makes no process group of its own.
      ...(timeout === undefined ? [] : [timeout, '--foreground', '0']),
    ],
  }
}

/** The numbers of the processors that a process may use (`Cpus_allowed_list` of proc_pid_status(5): `0-2,5`). */
export function allowedProcessors(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    if (range === '' || first === undefined) return []
    return Array.from({ length: last! - first + 1 }, (_, at) => first + at)
  })
}
