// Loads the config in a process of its own, so that its code can neither block nor change lbuild.
import { spawn } from 'node:child_process'
import { text as readAll } from 'node:stream/consumers'
import { once } from 'node:events'
import * as v from 'valibot'
import { failureSchema } from '../events/events.ts'
import { cachedConfig } from '../config/load.ts'
import type { loadConfig } from '../config/load.ts'
import { Failure } from '../platform/failure.ts'
import { withParentDeathSignal } from '../platform/parentDeathSignal.ts'

/**
 * Loads the config with `lbuild check-config`, and reads the graph that this leaves in the cache. Throws a Failure (exit
 * code 2) for a config that cannot be loaded; the signal ends the process.
 */
export const loadConfigInChild =
  (signal: AbortSignal): typeof loadConfig =>
  async (disk, index, locations) => {
    // An edit during the load makes the cached graph stale again.
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const cached = await cachedConfig(disk, index, locations)
      if (cached) return cached
      await check(locations.home, locations.root, signal)
    }
    throw new Failure('build.config.ts, or lbuild itself, keeps changing', {
      hint: 'start lbuild watch again',
      exitCode: 2,
    })
  }

/**
 * The number of attempts. Each attempt lasts as long as one load of the config, so 20 attempts outlast any realistic
 * series of saves.
 */
const ATTEMPTS = 20

/** How long a config may take, in milliseconds. */
const TIMEOUT = 60_000

/** The last line of `lbuild check-config`. */
const Answer = v.variant('ok', [
  v.object({ ok: v.literal(true) }),
  v.object({ ok: v.literal(false), failure: failureSchema }),
])

/** Throws a Failure if the config cannot be loaded. */
async function check(home: string, root: string, signal: AbortSignal): Promise<void> {
  const command = [process.execPath, `${home}/src/starter.cjs`, 'check-config', '-C', root]
  const child = spawn(...withParentDeathSignal('setpriv', command), {
    stdio: ['ignore', 'pipe', 'pipe'],
    signal,
    timeout: TIMEOUT,
    killSignal: 'SIGKILL',
  })
  const [stdout, stderr] = await Promise.all([
    readAll(child.stdout),
    readAll(child.stderr),
    once(child, 'close'),
  ])
  const answer = parseAnswer(stdout.slice(stdout.lastIndexOf('\n', stdout.length - 2) + 1))
  if (answer?.ok) return
  const { headline, ...rest } = answer?.failure ?? {
    headline: 'cannot load build.config.ts',
    facts: [['exit status', `${child.signalCode ?? child.exitCode}`]],
    tail: stderr,
  }
  throw new Failure(headline, { ...rest, exitCode: 2 })
}

/** Parses a line of the child. Returns undefined for any other line, such as output of the config. */
function parseAnswer(line: string): v.InferOutput<typeof Answer> | undefined {
  try {
    return v.parse(Answer, JSON.parse(line))
  } catch {
    return undefined
  }
}
