// The protocol between lbuild and the child process that runs a producer.
import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import type { FailureData } from '../platform/failureData.ts'

/** What the child process must do. Paths are as the child sees them. */
export interface ProducerRequest {
  readonly task: ProduceTask | ResolveTask
  readonly bundle: string
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: Readonly<Record<string, string>>
  readonly params: Readonly<Record<string, Json>>
  /** The path of each declared tool. */
  readonly tools: Readonly<Record<string, string>>
  readonly work: string
  readonly scratch: string
  readonly epoch: number
  readonly result: string
}

export interface ProduceTask {
  readonly kind: 'produce'
  readonly artifact: string
  /** Tools whose versions are asked for at the end, for display. */
  readonly ask: readonly string[]
}

export interface ResolveTask {
  readonly kind: 'resolve'
  readonly lockfile: string
  readonly previous: readonly LockedFile[]
}

/** The file of the result, in the directory `work`. */
export const RESULT = '.lbuild-result.json'

/** The result that the child process writes. */
export type ProducerResult =
  | {
      readonly ok: true
      /** The files of a resolved lockfile, not validated. */
      readonly files?: readonly unknown[]
      /** The versions that the tools reported. */
      readonly versions?: Readonly<Record<string, string>>
    }
  | { readonly ok: false; readonly failure: FailureData }
