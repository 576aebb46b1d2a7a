// The domain of lbuild, from declared inputs to planned runs: read this file first.
import type { Json } from '../api/params.ts'
import type { ArtifactNode } from '../graph/graph.ts'
import type { Digest } from '../platform/digest.ts'

/**
 * One part of an artifact's key: one thing that influences its producer, under its name in the declaration. A key is the
 * digest of all parts; two keys are compared part by part to explain why they differ. Fields that only say where a part
 * comes from (`path`, `artifact`, `output`, `lockfile`) are not compared, except for the base name in the `path` of a file.
 */
export type Part =
  /** The producer's code, over all modules that it can reach. */
  | { readonly kind: 'code'; readonly name: string; readonly digest: Digest }
  /** `host`: the architecture and the version of Node; `epoch`: the time inside outputs. */
  | { readonly kind: 'platform'; readonly name: string; readonly value: string | number }
  /** A param; a size as a user writes it, such as `64G`. */
  | { readonly kind: 'param'; readonly name: string; readonly value: Json }
  /** A variable of the environment; null if it is not set. */
  | { readonly kind: 'env'; readonly name: string; readonly value: string | null }
  | FilePart
  /** `digest` is of the listing; null if an optional tree does not exist. */
  | { readonly kind: 'tree'; readonly name: string; readonly path: string; readonly digest: Digest | null }
  | OutputPart
  | {
      readonly kind: 'downloads'
      readonly name: string
      readonly lockfile: string
      readonly digest: Digest
    }
  /** Both are null if the tool is not installed. */
  | {
      readonly kind: 'tool'
      readonly name: string
      readonly path: string | null
      readonly digest: Digest | null
    }

/**
 * A file of the workspace, which a producer sees under its base name. `digest` is null and `executable` false if an optional
 * file does not exist.
 */
export interface FilePart {
  readonly kind: 'file'
  readonly name: string
  readonly path: string
  readonly executable: boolean
  readonly digest: Digest | null
}

/** An output of another artifact. `file` is the base name under which a producer sees it. */
export interface OutputPart {
  readonly kind: 'output'
  readonly name: string
  readonly artifact: string
  readonly output: string
  readonly file: string
  readonly digest: Digest
}

export type PartKind = Part['kind']
export type PartOf<K extends PartKind> = Extract<Part, { readonly kind: K }>

/** The content of an object in the store. */
export interface StoredObject {
  readonly sha256: Digest
  /** The size in bytes. */
  readonly size: number
}

/** An output as a run produced it. `path` is relative to `output/` if it is published. */
export interface RecordedOutput extends StoredObject {
  readonly path: string
  readonly published: boolean
}

/**
 * What one past run of an artifact saw and produced. While the store has its objects, an artifact with the same key is
 * restored from it instead of running its producer.
 */
export interface RunRecord {
  readonly artifact: string
  readonly key: Digest
  readonly parts: readonly Part[]
  readonly outputs: Readonly<Record<string, RecordedOutput>>
  /** The digest of each module of the producer's code, by its label. */
  readonly modules: Readonly<Record<string, Digest>>
  /** For each lockfile whose downloads the artifact takes: the inputs and params from which lbuild resolved it. */
  readonly lockfileRequests: Readonly<Record<string, readonly Part[]>>
  /** The object with the source texts that the run saw, if any, so that a later change can be shown line by line. */
  readonly sourceTexts?: Digest
  /** The version that each tool reported, if it reported one. */
  readonly toolVersions: Readonly<Record<string, string>>
  /** The build in which it ran. */
  readonly build: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly seconds: number
  /** Whether the run was confined to its declared inputs. */
  readonly sandboxed: boolean
}

/** The result of looking up the record of a key. */
export type RecordLookup = RunRecord | 'absent' | 'damaged'

/**
 * The result of looking up an artifact's latest record: the record that the last build wrote or restored. It is `lost` if
 * it is known but missing, and `unpublished` if this workspace published none, but others may have added records to its
 * store.
 */
export type LatestLookup = RecordLookup | 'lost' | 'unpublished'

/** The record of a lookup, if it found one. */
export const recordOf = (lookup: LatestLookup): RunRecord | undefined =>
  typeof lookup === 'string' ? undefined : lookup

/** What exists at the path of a published output. */
export type OutputState =
  | { readonly state: 'missing' }
  | { readonly state: 'file'; readonly sha256: Digest; readonly size: number }
  | { readonly state: 'other'; readonly what: string }

/**
 * `ready` if the lockfile was resolved from the current inputs and params; otherwise lbuild must resolve it before it
 * knows the downloads.
 */
export type LockfileState =
  | { readonly state: 'ready'; readonly digest: Digest }
  | {
      readonly state: 'missing' | 'outdated'
      readonly path: string
      /** What it will be resolved from. */
      readonly request: readonly Part[]
    }

/** Everything that planning asks about the world. Answers must not change while one plan is computed. */
export interface PlannerFacts {
  /** The parts of an artifact's key that do not depend on other artifacts or on lockfiles. */
  ownParts(node: ArtifactNode): readonly Part[]
  lockfile(name: string): LockfileState
  record(artifact: string, key: Digest): RecordLookup
  latest(artifact: string): LatestLookup
  hasObject(object: StoredObject): boolean
  output(path: string): OutputState
  /** Whether this host can run producers in the sandbox. Asked only about a record that was made without one. */
  hasSandbox(): boolean
  /** Artifacts that must run even if they are fresh. */
  readonly forced: ReadonlySet<string>
}

/** Why an artifact is not fresh, as data. `why`, `--json` and progress lines render it. */
export type Reason =
  | { readonly kind: 'first-build' }
  | { readonly kind: 'forced' }
  | { readonly kind: 'changed'; readonly before: Part; readonly now: Part }
  | { readonly kind: 'added'; readonly now: Part }
  | { readonly kind: 'removed'; readonly before: Part }
  | { readonly kind: 'module'; readonly module: string; readonly change: 'changed' | 'added' | 'removed' }
  | {
      readonly kind: 'lockfile'
      readonly lockfile: string
      readonly state: 'missing' | 'outdated'
      readonly path: string
      /**
       * The changes in the lockfile's inputs and params since the run of the latest record. Empty if there is no latest
       * record.
       */
      readonly changes: readonly Reason[]
    }
  | { readonly kind: 'record-damaged' }
  | { readonly kind: 'record-lost' }
  /** The record was made without a sandbox, and this host has one. */
  | { readonly kind: 'record-unconfined' }
  | { readonly kind: 'object-missing'; readonly output: string }
  | { readonly kind: 'output-missing'; readonly path: string }
  | { readonly kind: 'output-changed'; readonly path: string; readonly what: string }
  | { readonly kind: 'depends'; readonly artifact: string }

/**
 * What a build must do about one artifact.
 * - `fresh`: nothing; its outputs are what a run would produce.
 * - `restorable`: publish the outputs of a past run, which the store still has.
 * - `stale`: run its producer. If a dependency must run first, lbuild computes the key after that run; if the store then
 *   has a record for the key, lbuild restores the artifact instead.
 * - `undecided`: wait. None of its own inputs changed, but it reads an output that may change, or a lockfile that must be
 *   resolved. It runs only if their content differs (early cutoff).
 */
export type Decision =
  | { readonly verdict: 'fresh'; readonly record: RunRecord }
  | { readonly verdict: 'restorable'; readonly record: RunRecord; readonly reasons: readonly Reason[] }
  | { readonly verdict: 'stale'; readonly reasons: readonly Reason[] }
  | { readonly verdict: 'undecided'; readonly reasons: readonly Reason[] }

/** One artifact and the decision on it. */
export interface Planned {
  readonly node: ArtifactNode
  readonly decision: Decision
  /** Undefined while the artifact waits for another artifact or for a lockfile. */
  readonly key: Digest | undefined
  /** The parts that are known so far. */
  readonly parts: readonly Part[]
  /** Its latest record: the one that the last build wrote or restored. */
  readonly latest: RunRecord | undefined
}

/** A decision on each target and each of its dependencies, dependencies first. */
export type Plan = readonly Planned[]

/** A reason that does not follow from another artifact of the same plan, and the artifacts that see it directly. */
export interface Cause {
  readonly reason: Reason
  /** In the graph's order. */
  readonly artifacts: readonly string[]
}

/** What one or more causes mean for one artifact that is not fresh. */
export interface Consequence {
  readonly artifact: string
  readonly verdict: 'stale' | 'undecided' | 'restorable'
  /** The duration of its last run. */
  readonly usualSeconds?: number
  /** The causes that reach it, as indices into the list of causes. */
  readonly causes: readonly number[]
  /** The causes among its own inputs. */
  readonly own: readonly number[]
  /** The dependencies from which it gets its other causes: their outputs change or may change. */
  readonly through: readonly string[]
  /** After a build: the causes that might have reached it but did not, because its inputs kept their content. */
  readonly cutOff?: readonly number[]
}

/** A plan traced back to its causes. */
export interface CauseAnalysis {
  readonly causes: readonly Cause[]
  /** In the graph's order. */
  readonly consequences: readonly Consequence[]
}
