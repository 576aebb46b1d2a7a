// What lbuild and bwrap(1) tell each other while a sandbox starts.
import type { ChildProcess, StdioPipe } from 'node:child_process'
import { close, openSync } from 'node:fs'
import { text as readAll } from 'node:stream/consumers'
import { Readable } from 'node:stream'
import { FDS } from './bubblewrap.ts'
import type { Namespaces } from './namespaces.ts'
import { systemCallFilter } from './systemCalls.ts'

/** The files and pipes of a command in the sandbox, from descriptor 3 on, in the order of {@link FDS}. */
export function sandboxFiles({ user, mount, owner }: Namespaces): readonly (number | StdioPipe)[] {
  const files = [user, mount, 'pipe', 'pipe', 'pipe'] as const
  return owner === undefined ? files : [...files, owner]
}

/**
 * Lets a command in the sandbox start: sends the filter of system calls, and keeps the mount namespace alive until the
 * command ends, because the command leaves it. If the command ends before, its exit is reported elsewhere.
 */
export function letStart(child: ChildProcess): void {
  send(child, FDS.filter, systemCallFilter())
  void bwrapChild(child.stdio[FDS.info]).then((pid) => {
    if (pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const mounts = openSync(`/proc/${pid}/ns/mnt`, 'r')
    // The kernel removes the mounts meanwhile, which takes longer than lbuild should wait.
    child.once('exit', () => close(mounts, () => {}))
    send(child, FDS.start, '\n')
  })
}

function send({ stdio }: ChildProcess, fd: number, data: string | Buffer): void {
  const pipe = stdio[fd]
  if (pipe && 'end' in pipe) pipe.on('error', () => {}).end(data)
}

/** The process id that `bwrap --info-fd` reports: that of the command; undefined if bwrap failed before. */
export async function bwrapChild(info: unknown): Promise<number | undefined> {
  if (!(info instanceof Readable)) return undefined
  const pid = /"child-pid": (\d+)/.exec(await readAll(info))?.[1]
  return pid === undefined ? undefined : Number(pid)
}
