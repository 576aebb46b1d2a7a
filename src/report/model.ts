// The data of the report page: what the program writes, and the script of the page shows. It imports nothing, because the
// script runs in a browser.

/** What happened to an artifact. */
export type PageOutcome = 'built' | 'restored' | 'fresh' | 'failed' | 'skipped' | 'unfinished' | 'unreached'

/** How a build ended. */
export type PageEnd = 'done' | 'failed' | 'interrupted' | 'unfinished'

/** A failure, with its facts as labels and values. */
export interface PageFailure {
  readonly headline: string
  readonly facts: readonly (readonly [label: string, value: string])[]
  readonly hint?: string
  /** The last lines of its tools. */
  readonly tail?: string
}

/** A span of time of a node, in milliseconds since the build began. */
export interface PageSpan {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** An output of an artifact. `size` is in bytes. */
export interface PageOutput {
  readonly name: string
  readonly path: string
  readonly size: number
  readonly published: boolean
  /** Whether the build changed its content. */
  readonly changed: boolean
}

/** What a plan decided about an artifact before the build. */
export type PageVerdict = 'fresh' | 'restorable' | 'stale' | 'undecided'

/** An artifact or a lockfile of the graph. Times are in seconds, positions in pixels. */
export interface PageNode {
  readonly kind: 'artifact' | 'lockfile'
  readonly name: string
  readonly outcome: PageOutcome | 'lockfile'
  readonly verdict?: PageVerdict
  readonly seconds?: number
  readonly usualSeconds?: number
  readonly savedSeconds?: number
  readonly cutOff?: boolean
  /** Whether the build changed an output. */
  readonly changed?: boolean
  /** What happened to it, in a few words. */
  readonly summary: string
  readonly failure?: PageFailure
  /** Why it was not fresh, one sentence each. */
  readonly reasons: readonly string[]
  readonly outputs: readonly PageOutput[]
  readonly spans: readonly PageSpan[]
  /** Whether it is on the critical path. */
  readonly critical: boolean
  /** The positions of its dependencies in the list of nodes. */
  readonly dependencies: readonly number[]
  /** The center of its box. */
  readonly x: number
  readonly y: number
}

/** An edge of the graph, as positions in the list of nodes. */
export interface PageEdge {
  readonly from: number
  readonly to: number
  /** The points between the centers of both nodes. */
  readonly via: readonly (readonly [x: number, y: number])[]
}

/** What one cause means for one artifact. */
export interface PageConsequence {
  readonly artifact: string
  readonly text: string
}

/** A cause, with what `why` says about it. */
export interface PageCause {
  readonly headline: string
  readonly details: readonly string[]
  readonly consequences: readonly PageConsequence[]
  /** Unified diffs. */
  readonly diffs: readonly string[]
  /** Paths that changed, but whose texts the store does not have. */
  readonly unavailable: readonly string[]
}

/** A step of the critical path. */
export interface PageStep {
  readonly kind: 'artifact' | 'lockfile'
  readonly name: string
  readonly seconds: number
}

/** A past build in the trends. */
export interface PageTrend {
  readonly id: string
  readonly startedAt?: number
  readonly end: PageEnd
  readonly seconds: number
  readonly built: number
  readonly restored: number
  readonly fresh: number
  readonly failed: number
  /** The size of each published output after the build, in bytes, as far as the logs name it. */
  readonly sizes: Readonly<Record<string, number>>
}

/** The build that a page shows. */
export interface PageBuild {
  readonly id: string
  readonly command: string
  readonly startedAt?: number
  readonly end: PageEnd
  readonly seconds: number
  readonly savedSeconds?: number
  readonly jobs?: number
  readonly lbuild?: string
  readonly incomplete: boolean
  readonly failure?: PageFailure
  readonly warnings: readonly string[]
}

/** Everything that a page shows. */
export interface PageData {
  /** The name of the workspace. */
  readonly title: string
  /** When the page was made, in milliseconds since 1970. */
  readonly at: number
  /** Missing if the log has no build yet. */
  readonly build?: PageBuild
  /** In the graph's order; lockfiles come first. */
  readonly nodes: readonly PageNode[]
  readonly edges: readonly PageEdge[]
  /** The size of the graph, in pixels. */
  readonly width: number
  readonly height: number
  readonly causes: readonly PageCause[]
  readonly path: readonly PageStep[]
  /** Past builds, oldest first. */
  readonly trends: readonly PageTrend[]
  /** What `watch` does, if it serves the page. */
  readonly live?: string
}

/** The size of the box of a node, in pixels. */
export const NODE = { width: 184, height: 48 } as const
