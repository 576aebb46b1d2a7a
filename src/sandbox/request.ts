import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import type { FailureData } from '../events/events.ts'

/** What the child process is told. Paths are as the child sees them. */
export interface ProducerRequest {
  readonly task: ProduceTask | ResolveTask
  readonly bundle: string
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, Json>>
  /** The declared tools and where each is. */
  readonly tools: Readonly<Record<string, string>>
  readonly work: string
  readonly scratch: string
  readonly epoch: number
  readonly result: string
}

export interface ProduceTask {
  readonly kind: 'produce'
  readonly artifact: string
  /** Tools that are asked for their versions when all is done, for people. */
  readonly ask: readonly string[]
}

export interface ResolveTask {
  readonly kind: 'resolve'
  readonly lock: string
  readonly previous: readonly LockedFile[]
}

/** What the child process leaves behind. */
export type ProducerResult =
  | {
      readonly ok: true
      readonly files?: readonly LockedFile[]
      /** The versions that tools gave of themselves. */
      readonly versions?: Readonly<Record<string, string>>
    }
  | { readonly ok: false; readonly failure: FailureData }
