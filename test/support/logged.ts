// Sample events and logs for tests.
import type { BuildEvent, EventOf, LoggedEvent } from '../../src/events/events.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { LogLine } from '../../src/events/logFormat.ts'
import { logFormat } from '../../src/events/logFormat.ts'

const { formatLine } = await logFormat()

const DIGEST = sha256('some content')

const OUTPUT = { name: 'image', path: 'tiny.img', published: true, sha256: DIGEST, size: 12, changed: true }

/** One event of each type in the log, with every optional member. */
export const EVENTS: { readonly [K in LoggedEvent['type']]: EventOf<K> } = {
  cancelled: { type: 'cancelled', artifact: 'packed', seconds: 0.4 },
  started: {
    type: 'started',
    build: '20260131-101502-123-4f2a9c',
    lbuild: '0.1.0',
    targets: ['image'],
    command: ['-C', 'distro', 'image', '--disk-size', '64G'],
    params: { diskSize: '64G', packed: ['a', { b: null }] },
    jobs: 2,
    force: true,
    keepGoing: false,
    artifacts: [
      { name: 'packed', dependencies: [], lockfiles: ['packages'] },
      { name: 'names', dependencies: [], lockfiles: [] },
      { name: 'image', dependencies: ['packed', 'names'], lockfiles: [] },
    ],
  },
  explained: {
    type: 'explained',
    explanation: {
      causes: [
        {
          reason: {
            kind: 'lockfile',
            lockfile: 'packages',
            state: 'outdated',
            path: 'packages.lock',
            changes: [
              {
                kind: 'added',
                now: { kind: 'file', name: 'list', path: 'list', executable: false, digest: DIGEST },
              },
            ],
          },
          artifacts: ['packed'],
          evidence: {
            editedAt: 1.5,
            comparedWith: { build: '20260130-101502-123-4f2a9c', startedAt: '2026-01-30T10:15:02.123Z' },
            text: { path: 'list', lines: { added: 1, removed: 0 }, sizes: [10, 20] },
            entries: [{ path: 'src/hello', change: 'content', before: DIGEST }],
            moreEntries: 3,
            packages: {
              added: [{ name: 'bash', version: '5.2' }],
              removed: [],
              changed: [{ name: 'dash', before: '1', now: '2' }],
            },
            values: { before: '64G', now: '128G' },
            versions: { before: '1.34' },
            imports: ['a.ts', 'b.ts'],
            builtBy: { build: '20260130-101502-123-4f2a9c', startedAt: '2026-01-30T10:15:02.123Z' },
          },
        },
      ],
      unchanged: { fresh: ['other'], parts: { file: 2 } },
      consequences: [
        { artifact: 'packed', verdict: 'stale', usualSeconds: 2.5, causes: [0], own: [0], through: [] },
        { artifact: 'image', verdict: 'undecided', causes: [0], own: [], through: ['packed'] },
      ],
    },
  },
  resolving: { type: 'resolving', lockfile: 'packages', path: 'packages.lock', reason: 'outdated' },
  resolved: { type: 'resolved', lockfile: 'packages', path: 'packages.lock', files: 3, seconds: 0.5 },
  fetching: { type: 'fetching', lockfile: 'packages', files: 2, bytes: 1000 },
  fetched: { type: 'fetched', lockfile: 'packages', seconds: 0.25 },
  running: {
    type: 'running',
    artifact: 'packed',
    usualSeconds: 2.5,
    reasons: [
      { kind: 'first-build' },
      { kind: 'forced' },
      {
        kind: 'changed',
        before: { kind: 'param', name: 'diskSize', value: 1 },
        now: { kind: 'param', name: 'diskSize', value: { of: [1, null, 'ü\n\u0000'] } },
      },
      { kind: 'removed', before: { kind: 'env', name: 'LANG', value: null } },
      { kind: 'module', module: 'artifacts/packed.ts', change: 'changed' },
      { kind: 'record-damaged' },
      { kind: 'record-lost' },
      { kind: 'object-missing', output: 'tar' },
      { kind: 'output-missing', path: 'tiny.img' },
      { kind: 'output-changed', path: 'tiny.img', what: 'other content' },
      { kind: 'depends', artifact: 'names' },
    ],
  },
  phase: { type: 'phase', artifact: 'packed', phase: 'produce' },
  retrying: { type: 'retrying', artifact: 'packed', reason: 'src/hello changed while it was in use' },
  built: {
    type: 'built',
    artifact: 'packed',
    key: DIGEST,
    seconds: 1.5,
    changed: true,
    outputs: [{ ...OUTPUT, name: 'tar', path: 'packed.tar', published: false }],
  },
  restoring: { type: 'restoring', artifact: 'names' },
  restored: {
    type: 'restored',
    artifact: 'names',
    key: DIGEST,
    reasons: [{ kind: 'output-missing', path: 'names' }],
    savedSeconds: 0.5,
    changed: false,
    outputs: [],
  },
  rebuilding: { type: 'rebuilding', artifact: 'image', usualSeconds: 1 },
  rebuilt: { type: 'rebuilt', artifact: 'image', seconds: 1, outcome: 'same' },
  fresh: { type: 'fresh', artifact: 'roster', key: DIGEST, savedSeconds: 3, cutOff: true },
  preserved: { type: 'preserved', path: 'output/tiny.img', as: 'output/tiny.img.changed' },
  collected: { type: 'collected', records: 1, objects: 2, bytes: 3 },
  warning: { type: 'warning', message: 'note.txt changed while it was built', hint: 'build again' },
  failed: {
    type: 'failed',
    artifact: 'image',
    key: DIGEST,
    reasons: [{ kind: 'depends', artifact: 'packed' }],
    seconds: 0.125,
    failure: {
      headline: 'tar failed',
      facts: [['ended with', 'exit code 2']],
      hint: 'look',
      tail: 'tar: no',
    },
  },
  skipped: { type: 'skipped', artifact: 'iso', reasons: [], failedArtifact: 'image', dependsOnFailed: true },
  ended: {
    type: 'ended',
    outcome: 'failed',
    seconds: 4,
    savedSeconds: 3.5,
    failure: { headline: 'the disk is full', facts: [] },
  },
}

/** The lines of a log with these events, half a second apart. */
export const linesOf = (...events: readonly BuildEvent[]): readonly LogLine[] =>
  events.map((event, at) => ({ at: 1_769_850_902_123 + at * 500, t: 1000 + at * 500, event }))

/** The text of a log. */
export const logOf = (lines: readonly LogLine[]): string =>
  lines.map((line) => `${formatLine(line)}\n`).join('')
