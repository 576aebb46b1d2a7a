// Makes the data of the page from past builds. Pure, except for the layout.
import { criticalPathOf } from '../events/criticalPath.ts'
import type { LoggedArtifact, LoggedBuild, LoggedLockfile } from '../events/loggedBuild.ts'
import { describeReason } from '../explain/describeReason.ts'
import type { Edge, Layout } from './layout.ts'
import { layoutOf } from './layout.ts'
import type {
  PageBuild,
  PageCause,
  PageData,
  PageEdge,
  PageNode,
  PageOutput,
  PageSpan,
  PageTrend,
  PageVerdict,
} from './model.ts'

/** What a page shows. */
export interface PageSource {
  /** The name of the workspace. */
  readonly title: string
  /** The present, in milliseconds since 1970. */
  readonly at: number
  readonly build: LoggedBuild
  /** The command line of the build. */
  readonly command: string
  readonly causes: readonly PageCause[]
  /** Builds up to this one, newest first. */
  readonly history: readonly LoggedBuild[]
  /** Describes what happened to an artifact, such as `ran, 2.1 s`. */
  readonly describeOutcome: (artifact: LoggedArtifact) => string
  /** The outputs of an artifact that the build left fresh, as its record names them. */
  readonly recordedOutputs: (artifact: LoggedArtifact) => readonly PageOutput[]
}

/** A page without a build. */
export const emptyPage = (title: string, at: number): PageData => ({
  title,
  at,
  nodes: [],
  edges: [],
  width: 0,
  height: 0,
  causes: [],
  path: [],
  trends: [],
})

/** The data of the page of one build. `layout` places the graph; watch reuses the layout of a graph that did not change. */
export async function pageData(source: PageSource, layout: LayoutOf = layoutOf): Promise<PageData> {
  const { title, at, build, command, causes, history } = source
  const path = criticalPathOf(build)
  const isCritical = (kind: PageNode['kind'], name: string): boolean =>
    path.some((step) => step.kind === kind && step.name === name)
  const lockfiles = lockfilesOf(build)
  const places = placesOf(lockfiles, build)
  const unplaced = [
    ...lockfiles.map((lockfile) => ({
      ...lockfileNode(lockfile),
      critical: isCritical('lockfile', lockfile.name),
    })),
    ...build.artifacts.map((artifact) => ({
      ...artifactNode(source, artifact),
      critical: isCritical('artifact', artifact.name),
      dependencies: [
        ...artifact.lockfiles.map((name) => places.get(`lockfile ${name}`)),
        ...artifact.dependencies.map((name) => places.get(`artifact ${name}`)),
      ].filter((place) => place !== undefined),
    })),
  ]
  const edges = unplaced.flatMap(({ dependencies }, to) =>
    // A dependency comes before what needs it. A damaged log must not give the graph a cycle.
    dependencies.filter((from) => from < to).map((from): Edge => [from, to]),
  )
  const placed = await layout(unplaced.length, edges)
  return {
    title,
    at,
    build: buildOf(build, command),
    nodes: unplaced.map((node, place) => ({ ...node, ...pointOf(placed, place) })),
    edges: edges.map(([from, to], edge): PageEdge => ({ from, to, via: placed.edges[edge] ?? [] })),
    width: placed.width,
    height: placed.height,
    causes,
    path: path.map(({ kind, name, seconds }) => ({ kind, name, seconds })),
    trends: trendsOf(history),
  }
}

type LayoutOf = typeof layoutOf

/** The lockfiles that the artifacts of a build take, and when the build resolved and fetched them. */
function lockfilesOf({ lockfiles, artifacts }: LoggedBuild): readonly LoggedLockfile[] {
  const known = new Map(lockfiles.map((lockfile) => [lockfile.name, lockfile]))
  for (const name of artifacts.flatMap((artifact) => artifact.lockfiles))
    if (!known.has(name)) known.set(name, { name, spans: [] })
  return [...known.values()]
}

/** The position of each lockfile and artifact in the list of nodes. */
function placesOf(
  lockfiles: readonly LoggedLockfile[],
  { artifacts }: LoggedBuild,
): ReadonlyMap<string, number> {
  const names = [
    ...lockfiles.map(({ name }) => `lockfile ${name}`),
    ...artifacts.map(({ name }) => `artifact ${name}`),
  ]
  return new Map(names.map((name, place) => [name, place]))
}

function pointOf({ nodes }: Layout, place: number): { readonly x: number; readonly y: number } {
  const [x = 0, y = 0] = nodes[place] ?? []
  return { x, y }
}

/** A node before the layout. */
type Unplaced = Omit<PageNode, 'x' | 'y' | 'critical'>

const lockfileNode = ({ name, spans }: LoggedLockfile): Unplaced => ({
  kind: 'lockfile',
  name,
  outcome: 'lockfile',
  summary: spans.length === 0 ? 'was up to date' : 'was resolved, or its downloads were fetched',
  seconds: spans.reduce((sum, { from, to }) => sum + to - from, 0) / 1000,
  reasons: [],
  outputs: [],
  spans: spans.map(spanOf),
  dependencies: [],
})

function artifactNode(
  { build, recordedOutputs, describeOutcome }: PageSource,
  artifact: LoggedArtifact,
): Unplaced {
  const { name, outcome, seconds, usualSeconds, savedSeconds, cutOff, changed } = artifact
  const { failure, reasons, outputs, attempts } = artifact
  const verdict = verdictOf(build, name)
  return {
    kind: 'artifact',
    name,
    outcome,
    ...(verdict === undefined ? {} : { verdict }),
    ...(seconds === undefined ? {} : { seconds }),
    ...(usualSeconds === undefined ? {} : { usualSeconds }),
    ...(savedSeconds === undefined ? {} : { savedSeconds }),
    ...(cutOff === undefined ? {} : { cutOff }),
    ...(changed === undefined ? {} : { changed }),
    summary: describeOutcome(artifact),
    ...(failure === undefined ? {} : { failure }),
    reasons: reasons.map(describeReason),
    outputs:
      outputs.length > 0
        ? outputs.map(({ name: output, path, size, published, changed: isNew }) => ({
            name: output,
            path,
            size,
            published,
            changed: isNew,
          }))
        : recordedOutputs(artifact),
    spans: attempts.flatMap((attempt) =>
      attempt.phases.length > 0 ? attempt.phases.map(spanOf) : [spanOf(attempt)],
    ),
    dependencies: [],
  }
}

const spanOf = ({ name, from, to }: PageSpan): PageSpan => ({ name, from, to })

/** What the plan decided about an artifact before the build; undefined if the log does not contain the plan. */
function verdictOf({ explanation }: LoggedBuild, name: string): PageVerdict | undefined {
  if (explanation === undefined) return undefined
  return explanation.consequences.find(({ artifact }) => artifact === name)?.verdict ?? 'fresh'
}

function buildOf(build: LoggedBuild, command: string): PageBuild {
  const { id, startedAt, end, seconds, savedSeconds, jobs, lbuild, incomplete, failure } = build
  return {
    id,
    command,
    ...(startedAt === undefined ? {} : { startedAt }),
    end,
    seconds,
    ...(savedSeconds === undefined ? {} : { savedSeconds }),
    ...(jobs === undefined ? {} : { jobs }),
    ...(lbuild === undefined ? {} : { lbuild }),
    incomplete,
    ...(failure === undefined ? {} : { failure }),
    warnings: [
      ...build.warnings.map(({ message, hint }) => (hint === undefined ? message : `${message} (${hint})`)),
      ...build.preserved.map(({ path, as }) => `moved ${path}, modified after it was built, to ${as}`),
    ],
  }
}

/** The trends over past builds, oldest first. A build that left an output alone has the size of the build before. */
function trendsOf(newestFirst: readonly LoggedBuild[]): readonly PageTrend[] {
  let sizes: Readonly<Record<string, number>> = {}
  return newestFirst.toReversed().map(({ id, startedAt, end, seconds, artifacts }) => {
    const published = artifacts.flatMap(({ outputs }) => outputs.filter((output) => output.published))
    sizes = { ...sizes, ...Object.fromEntries(published.map(({ path, size }) => [path, size])) }
    const count = (wanted: LoggedArtifact['outcome']): number =>
      artifacts.filter(({ outcome }) => outcome === wanted).length
    return {
      id,
      ...(startedAt === undefined ? {} : { startedAt }),
      end,
      seconds,
      built: count('built'),
      restored: count('restored'),
      fresh: count('fresh'),
      failed: count('failed'),
      sizes,
    }
  })
}
