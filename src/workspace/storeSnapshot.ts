// Reads records and objects of the store once each.
import type { LatestLookup, RecordLookup, StoredObject } from '../planner/domain.ts'
import type { Digest } from '../platform/digest.ts'
import type { ObjectStore } from '../store/objects.ts'
import type { RecordStore } from '../store/records.ts'
import type { Workspace } from './workspace.ts'

/** Records and objects of the store, each read once. */
export class StoreSnapshot {
  readonly #records: RecordStore
  readonly #objects: ObjectStore
  readonly #latest = new Map<string, LatestLookup>()
  readonly #found = new Map<string, Map<Digest, RecordLookup>>()
  /** The objects that are known to exist. The class does not remember missing objects, because a build adds objects. */
  readonly #present = new Set<Digest>()

  constructor({ records, objects }: Workspace) {
    this.#records = records
    this.#objects = objects
  }

  latest(artifact: string): LatestLookup {
    const latest = this.#latest.get(artifact) ?? this.#records.findLatest(artifact)
    this.#latest.set(artifact, latest)
    return latest
  }

  record(artifact: string, key: Digest): RecordLookup {
    const ofArtifact = this.#found.get(artifact) ?? new Map<Digest, RecordLookup>()
    const found = ofArtifact.get(key) ?? this.#records.find(artifact, key)
    this.#found.set(artifact, ofArtifact.set(key, found))
    return found
  }

  hasObject(object: StoredObject): boolean {
    const present = this.#present.has(object.sha256) || this.#objects.has(object)
    if (present) this.#present.add(object.sha256)
    return present
  }

  forget(artifact: string): void {
    this.#latest.delete(artifact)
    this.#found.delete(artifact)
  }
}
