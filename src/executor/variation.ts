// The conditions under which `verify --rebuild` runs a producer again: another host name, number of processors and
// process ids, which must not change the outputs.
import { readFileSync } from 'node:fs'
import { findTool } from '../platform/findTool.ts'

/** How the circumstances of a run differ from those of an ordinary build. */
export interface Variation {
  /** The host name inside the sandbox. */
  readonly hostname: string
  /** Words before the producer's command, which run it. */
  readonly wrapper: readonly string[]
}

/**
 * A variation that is cheap and safe: another host name; one processor less, if there are several, for tools that divide
 * work among all of them; and one more process, so that process ids in the sandbox differ. With a variation the scratch
 * directory is on disk, never in memory, so that directory entries come in another order. The time and the work directory
 * differ anyway.
 */
export function otherCircumstances(): Variation {
  const processors = allowedProcessors(readFileSync('/proc/self/status', 'utf8'))
  const taskset = processors.length > 1 ? findTool('taskset') : undefined
  const timeout = findTool('timeout')
  return {
    hostname: 'elsewhere',
    wrapper: [
      ...(taskset === undefined ? [] : [taskset, '--cpu-list', processors.slice(0, -1).join(',')]),
      // Without a limit timeout(1) only adds a process; in the foreground it creates no process group.
      ...(timeout === undefined ? [] : [timeout, '--foreground', '0']),
    ],
  }
}

/** The numbers of the processors that this process may use (`Cpus_allowed_list` of proc_pid_status(5): `0-2,5`). */
export function allowedProcessors(status: string): readonly number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? ''
  return list.split(',').flatMap((range) => {
    if (range === '') return []
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, at) => first + at)
  })
}
