// Events of watch for the tests of its screen.
import type { WatchEvent } from '../../src/watch/events.ts'

const names = Array.from({ length: 30 }, (_, n) => `artifact-${n}`)
export const EVENTS: readonly WatchEvent[] = [
  { type: 'watching', targets: ['image'], backend: 'inotify', directories: 3 },
  { type: 'changed', paths: ['src/hello', `src/${'long'.repeat(40)}`], more: 3 },
  {
    type: 'building',
    artifacts: [{ artifact: 'artifact-7', verdict: 'stale', reasons: [{ kind: 'first-build' }] }],
  },
  {
    type: 'build',
    event: {
      type: 'explained',
      explanation: {
        causes: [{ reason: { kind: 'first-build' }, artifacts: ['artifact-7'], evidence: {} }],
        consequences: [{ artifact: 'artifact-7', causes: [0], own: [0], through: [], verdict: 'stale' }],
        unchanged: { fresh: [], parts: {} },
      },
    },
  },
  { type: 'build', event: { type: 'running', artifact: 'artifact-7', reasons: [], usualSeconds: 9 } },
  { type: 'build', event: { type: 'warning', message: 'mind\u001b[2Jthis\nand this' } },
  {
    type: 'build',
    event: {
      type: 'failed',
      artifact: 'artifact-8',
      reasons: [],
      seconds: 1,
      failure: {
        headline: 'mkfs failed',
        facts: [['command', 'mkfs -x']],
        tail: Array.from({ length: 40 }, (_, n) => `tool line ${n}`).join('\n'),
      },
    },
  },
]

const rows = names.map((artifact) => ({ artifact, verdict: 'fresh', seconds: 1.5 }) as const)
export const idle = {
  type: 'idle',
  fresh: true,
  failed: [],
  configFailed: false,
  artifacts: rows,
} as const satisfies WatchEvent
