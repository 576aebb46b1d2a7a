// A graph and its facts in memory, for the planner.
import { DEFAULT_LIMITS } from '../../src/graph/limits.ts'
import type { ArtifactNode, Graph } from '../../src/graph/graph.ts'
import { inOrder } from '../../src/graph/graph.ts'
import type { Digest } from '../../src/platform/digest.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { plan } from '../../src/planner/plan.ts'
import { contentOf } from '../../src/planner/part.ts'
import type { Json } from '../../src/api/params.ts'
import type {
  LockfileState,
  OutputState,
  Part,
  Plan,
  PlannerFacts,
  RecordLookup,
  RunRecord,
} from '../../src/planner/domain.ts'

/** An artifact with one published output, `NAME.img`, and the outputs of others as inputs. */
export function artifactNode(
  name: string,
  dependencies: readonly string[] = [],
  more: Partial<ArtifactNode> = {},
): ArtifactNode {
  const inputs = dependencies.map(
    (artifact) => [artifact, { kind: 'output', artifact, output: 'image' }] as const,
  )
  return {
    name,
    inputs: Object.fromEntries(inputs),
    params: {},
    tools: [],
    env: [],
    outputs: { image: { path: `${name}.img`, published: true } },
    network: false,
    limits: DEFAULT_LIMITS,
    code: sha256(`code of ${name}`),
    modules: [`${name}.ts`],
    declaredIn: [`${name}.ts`],
    ...more,
  }
}

export function graphOf(...artifacts: readonly ArtifactNode[]): Graph {
  const modules = Object.fromEntries(artifacts.map(({ name, code }) => [`${name}.ts`, code]))
  return {
    artifacts: inOrder(artifacts),
    lockfiles: [],
    epoch: 0,
    toolPath: [],
    store: { keep: 10, maxSize: 2 ** 40 },
    boot: {},
    profiles: {},
    modules,
    imports: {},
  }
}

/** Facts in memory, with producers whose output is a function of their inputs. */
export class World implements PlannerFacts {
  readonly graph: Graph
  readonly own = new Map<string, Part[]>()
  readonly lockfiles = new Map<string, LockfileState>()
  readonly records = new Map<string, RunRecord | 'damaged'>()
  readonly latestKeys = new Map<string, Digest>()
  readonly objects = new Set<string>()
  readonly outputs = new Map<string, OutputState>()
  forced: ReadonlySet<string> = new Set()
  /** Artifacts in the order in which they ran. */
  readonly ran: string[] = []
  /** What a producer writes, from the parts of its key. */
  content = (_artifact: string, parts: readonly Part[]): string => JSON.stringify(parts.map(contentOf))

  /** Called when an artifact of a build has finished. */
  finished = (_artifact: string): void => {}

  constructor(graph: Graph) {
    this.graph = graph
    for (const { name, code } of graph.artifacts)
      this.own.set(name, [{ kind: 'code', name: 'producer', digest: code }, param('own', 0)])
  }

  ownParts = ({ name }: ArtifactNode): readonly Part[] => this.own.get(name)!
  lockfile = (name: string): LockfileState => this.lockfiles.get(name)!
  record = (artifact: string, key: string): RecordLookup => this.records.get(`${artifact}/${key}`) ?? 'absent'
  hasObject = ({ sha256: digest }: { sha256: string }): boolean => this.objects.has(digest)
  hasSandbox = (): boolean => true
  output = (path: string): OutputState => this.outputs.get(path) ?? { state: 'missing' }

  latest = (artifact: string): RecordLookup => this.record(artifact, this.latestKeys.get(artifact) ?? '')

  /** The record of the last published run; throws if there is none. */
  latestRecord(artifact: string): RunRecord {
    const found = this.latest(artifact)
    if (typeof found === 'string') throw new Error(`the latest record of ${artifact} is ${found}`)
    return found
  }

  plan(...targets: readonly string[]): Plan {
    return plan(this.graph, targets, this)
  }

  /** Executes plans as a build does, one artifact at a time, until nothing is left to do. */
  build(...targets: readonly string[]): readonly string[] {
    const before = this.ran.length
    for (;;) {
      const ready = this.plan(...targets).find(
        ({ key, decision: { verdict } }) =>
          verdict === 'restorable' || (verdict === 'stale' && key !== undefined),
      )
      if (!ready) return this.ran.slice(before)
      const { node, key, parts, decision } = ready
      if (decision.verdict === 'restorable') this.#publish(decision.record)
      else this.#run(node, key!, parts)
      this.forced = new Set([...this.forced].filter((name) => name !== node.name))
      this.finished(node.name)
    }
  }

  #run(node: ArtifactNode, key: Digest, parts: readonly Part[]): void {
    this.ran.push(node.name)
    const text = this.content(node.name, parts)
    const digest = sha256(text)
    this.objects.add(digest)
    const { image } = node.outputs
    const record: RunRecord = {
      artifact: node.name,
      key,
      parts,
      outputs: { image: { ...image!, sha256: digest, size: text.length } },
      modules: Object.fromEntries(node.modules.map((label) => [label, this.graph.modules[label]!])),
      lockfileRequests: {},
      toolVersions: {},
      build: 'a-build',
      startedAt: '2026-01-01T00:00:00.000Z',
      seconds: 1,
      sandboxed: true,
    }
    this.records.set(`${node.name}/${key}`, record)
    this.#publish(record)
  }

  #publish({ artifact, key, outputs }: RunRecord): void {
    for (const { path, sha256: digest, size } of Object.values(outputs))
      this.outputs.set(path, { state: 'file', sha256: digest, size })
    this.latestKeys.set(artifact, key)
  }
}

/** A param as a part of a key. */
export const param = (name: string, value: Json): Part => ({ kind: 'param', name, value })
