// The processes that a test started on the host.
import type { ChildProcess } from 'node:child_process'
import { on } from 'node:events'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { vi } from 'vitest'

/** The processes that name a directory in their command line, work in it or, as in a sandbox, have it mounted. */
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

/** Resolves when no process of a directory is left: the kernel ends those of a killed build and reports it to nobody. */
export const allEnded = (root: string): Promise<unknown> =>
  vi.waitUntil(() => processesOf(root).length === 0, { timeout: PATIENCE })

/** The time that a test waits for events that are immediate on an idle machine, in milliseconds. */
export const PATIENCE = 300_000

/** Resolves when a build reports that it waits for another one. */
export async function waiting({ child }: { child: ChildProcess }): Promise<void> {
  for await (const [text] of on(child.stderr!, 'data'))
    if (String(text).includes('waiting for another build')) return
}
