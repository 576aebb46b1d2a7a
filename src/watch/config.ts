import { spawn } from 'node:child_process'
import { text as readAll } from 'node:stream/consumers'
import { once } from 'node:events'
import { cachedConfig } from '../config/load.ts'
import type { loadConfig } from '../config/load.ts'
import { Failure } from '../platform/failure.ts'
import type { FailureData } from '../events/events.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

type Answer = { readonly ok: true } | { readonly ok: false; readonly failure: FailureData }

/**
 * Loads the config in a process of its own, `lbuild check-config`, and takes the graph that this leaves in the cache:
 * the distro's code may be run any number of times, for ever, and with what is global changed. Throws a
 * Failure (exit code 2) for one that cannot be loaded; `signal` ends the process.
 */
export const loadElsewhere =
  (signal: AbortSignal): typeof loadConfig =>
  async (disk, index, locations) => {
    // Who edits while it is loaded has it loaded again.
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const cached = await cachedConfig(disk, index, locations)
      if (cached) return cached
      const answer = await check(locations.home, locations.root, signal)
      if (!answer.ok) throw new Failure(answer.failure.headline, { ...answer.failure, exitCode: 2 })
    }
    throw new Failure('build.config.ts, or lbuild itself, keeps changing', {
      hint: 'start lbuild watch again',
      exitCode: 2,
    })
  }

/** More than a stream of edits lasts: each takes as long as the config takes to load. */
const ATTEMPTS = 20

/** Milliseconds that a config may take. */
const PATIENCE = 60_000

async function check(home: string, root: string, signal: AbortSignal): Promise<Answer> {
  const command = [process.execPath, `${home}/src/starter.cjs`, 'check-config', '-C', root]
  const child = spawn(...withParentDeathSignal('setpriv', command), {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    once(child, 'close'),
  ])
  try {
    return JSON.parse(stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1)) as Answer
  } catch {
    return {
      ok: false,
      failure: {
        headline: 'build.config.ts cannot be loaded',
        facts: [['ended', `${child.signalCode ?? child.exitCode}`]],
        tail: stderr,
      },
    }
  }
}
