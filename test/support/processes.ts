import type { ChildProcess } from 'node:child_process'
import { on } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * The processes that have anything of a directory in their command line, work in it, or have something of it mounted, as
 * all in a sandbox have.
 */
export function processesOf(root: string): string[] {
  return readdirSync('/proc').filter((id) => {
    if (!/^\d+$/.test(id) || id === String(process.pid)) return false
    try {
      const command = readFileSync(`/proc/${id}/cmdline`, 'latin1')
      const mounts = readFileSync(`/proc/${id}/mountinfo`, 'latin1')
      return `${command}${mounts}`.includes(root) || readlinkSync(`/proc/${id}/cwd`).startsWith(root)
    } catch {
      return false
    }
  })
}

/** Ends when a build says that it waits for another one. */
export async function waiting({ child }: { child: ChildProcess }): Promise<void> {
  for await (const [text] of on(child.stderr!, 'data'))
    if (String(text).includes('waiting for another build')) return
}
