// Everything that a build reports: one schema, from which the types of the events are inferred.
import * as v from 'valibot'
import { failureSchema } from '../platform/failureData.ts'
import { amount, explanation, json, oneOf, reason, text } from './explanationSchema.ts'

const list = <T extends v.GenericSchema>(item: T) => v.pipe(v.array(item), v.readonly())
const members = <E extends v.ObjectEntries>(entries: E) => v.pipe(v.object(entries), v.readonly())
/** An event that carries some members beside its type. */
const event = <K extends string, E extends v.ObjectEntries>(type: K, entries: E) =>
  members({ type: v.literal(type), ...entries })

const buildNode = members({
  name: text,
  /** The artifacts whose outputs it takes. */
  dependencies: list(text),
  /** The lockfiles whose downloads it takes. */
  lockfiles: list(text),
})

/** An artifact of a build, with what it waits for. */
export type BuildNode = v.InferOutput<typeof buildNode>

const builtOutput = members({
  /** Its name in the declaration. */
  name: text,
  path: text,
  published: v.boolean(),
  sha256: text,
  /** The size in bytes. */
  size: amount,
  /** Whether its content differs from the version published before. */
  changed: v.boolean(),
})

/** An output that a build published. */
export type BuiltOutput = v.InferOutput<typeof builtOutput>

const phase = v.picklist(['produce', 'store', 'publish'])

/**
 * The phases of a run, in order. A run has one more phase before them, which copies the inputs: it begins with the
 * `running` event.
 */
export type Phase = v.InferOutput<typeof phase>

const artifact = { artifact: text }
const reasons = { reasons: list(reason) }
const outputs = {
  key: text,
  /** Whether any output differs from the version published before. */
  changed: v.boolean(),
  outputs: list(builtOutput),
}

/**
 * Checks that a value that was read is an event of the log. docs/history.md documents the events; progress lines, the log
 * and `watch` render them. Members that the schema does not name are allowed, because a later lbuild may add some.
 */
export const LOGGED_EVENT = oneOf('type', [
  event('started', {
    build: text,
    /** The version of lbuild. */
    lbuild: text,
    targets: list(text),
    /** The arguments of lbuild as the user typed them; missing in logs of older versions of lbuild. */
    command: v.exactOptional(list(text)),
    /** The params that the profile and the command line set. */
    params: v.pipe(v.record(text, json), v.readonly()),
    jobs: amount,
    force: v.boolean(),
    keepGoing: v.boolean(),
    /** In the graph's order: dependencies first. */
    artifacts: list(buildNode),
  }),
  /** Explains the first plan that is made while the workspace lock is held. */
  event('explained', { explanation }),
  event('resolving', { lockfile: text, path: text, reason: v.picklist(['missing', 'outdated', 'update']) }),
  event('resolved', { lockfile: text, path: text, files: amount, seconds: amount }),
  event('fetching', { lockfile: text, files: amount, bytes: amount }),
  event('fetched', { lockfile: text, seconds: amount }),
  event('running', {
    ...artifact,
    ...reasons,
    /** The duration of its last run. */
    usualSeconds: v.exactOptional(amount),
  }),
  event('phase', { ...artifact, phase }),
  /** An input changed or an object proved damaged during a run or a restoration, so the artifact is planned again. */
  event('retrying', { ...artifact, reason: text }),
  event('built', {
    ...artifact,
    ...outputs,
    /** The duration of the run. */
    seconds: amount,
  }),
  event('restoring', artifact),
  event('restored', {
    ...artifact,
    ...reasons,
    ...outputs,
    /** The duration of the past run whose outputs are restored. */
    savedSeconds: amount,
  }),
  /** A producer runs again to check whether it produces the same bytes. */
  event('rebuilding', { ...artifact, usualSeconds: amount }),
  event('rebuilt', { ...artifact, seconds: amount, outcome: v.picklist(['same', 'differs', 'failed']) }),
  event('fresh', {
    ...artifact,
    key: text,
    /** The duration of the run that produced its outputs. */
    savedSeconds: amount,
    /** Early cutoff: it might have run, but its dependencies and lockfiles turned out to be identical. */
    cutOff: v.boolean(),
  }),
  /** A published output that somebody had changed was renamed to `as`. */
  event('preserved', { path: text, as: text }),
  /** The store exceeded its size limit: what was removed from it. */
  event('collected', { records: amount, objects: amount, bytes: amount }),
  event('warning', { message: text, hint: v.exactOptional(text) }),
  event('failed', {
    ...artifact,
    ...reasons,
    /** The key of the artifact when it failed. */
    key: v.exactOptional(text),
    /** The time since the artifact was scheduled. */
    seconds: amount,
    failure: failureSchema,
  }),
  /** A run was cancelled because its inputs changed; the artifact is planned again. */
  event('cancelled', { ...artifact, seconds: amount }),
  event('skipped', {
    ...artifact,
    ...reasons,
    /** The failed artifact that it depends on, or else the one after whose failure the build stopped. */
    failedArtifact: text,
    /** Whether it depends on that artifact; missing in logs of older versions of lbuild. */
    dependsOnFailed: v.exactOptional(v.boolean()),
  }),
  event('ended', {
    outcome: v.picklist(['done', 'failed', 'interrupted']),
    seconds: amount,
    /** The total duration of the past runs whose results the build reused. Missing if the build did not finish. */
    savedSeconds: v.exactOptional(amount),
    /** What ended it, if that was not the failure of an artifact. */
    failure: v.exactOptional(failureSchema),
  }),
])

/** An event that lbuild writes to the log. The log starts after lbuild takes the workspace lock. */
export type LoggedEvent = v.InferOutput<typeof LOGGED_EVENT>

/** Everything that a build reports while it runs. */
export type BuildEvent = LoggedEvent | { readonly type: 'waiting'; readonly for: 'workspace lock' }

/** The event of one type. */
export type EventOf<K extends BuildEvent['type']> = Extract<BuildEvent, { readonly type: K }>

/** What happened to one artifact. */
export type Outcome = 'built' | 'restored' | 'fresh' | 'failed' | 'skipped'

/** Receives the events of a build, in order. */
export type Listener = (event: BuildEvent) => void
