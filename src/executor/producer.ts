// Runs one task, a producer or a resolver, in its own process.
import type { LockedFile } from '../api/lockfile.ts'
import type { Json } from '../api/params.ts'
import type { ArtifactNode, LockfileNode } from '../graph/graph.ts'
import { paramValues } from '../graph/graph.ts'
import { inputPath } from '../graph/inputPath.ts'
import type { Limits } from '../graph/limits.ts'
import { DEFAULT_LIMITS } from '../graph/limits.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { fromRawPath, toRawPath } from '../platform/rawPath.ts'
import { searchPath } from '../platform/findTool.ts'
import type { Mount } from '../sandbox/bubblewrap.ts'
import { insideWorkspace, toolMounts } from '../sandbox/toolMounts.ts'
import { HOSTNAME, INSIDE, memoryIsRoomy } from '../sandbox/bubblewrap.ts'
import type { ProducerRequest, ProducerResult } from '../sandbox/request.ts'
import { RESULT } from '../sandbox/request.ts'
import { limitFailure } from '../sandbox/limitFailure.ts'
import { readResult } from '../sandbox/result.ts'
import type { WorkDirectory } from '../sandbox/workDirectory.ts'
import { giveToProducer } from '../sandbox/workDirectory.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { toolDirectories } from '../workspace/toolPlaces.ts'
import type { SessionContext } from './sessionContext.ts'
import { Interrupted } from './sessionContext.ts'

/** Minimal users and groups, for tools that look up their own names. */
const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\n_apt:x:100:65534::/nonexistent:/usr/sbin/nologin\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n'
const GROUP = 'root:x:0:\nnogroup:x:65534:\n'

/** What to run, and what it may see. */
export interface ProducerTask {
  readonly node: ArtifactNode | LockfileNode
  readonly task: ProducerRequest['task']
  readonly outputs: readonly string[]
  readonly params: Readonly<Record<string, Json>>
  readonly env: readonly string[]
  readonly network: boolean
  readonly limits: Limits
  /** Absolute paths of the host that the task may read, if they exist. */
  readonly hostFiles: readonly string[]
}

/** The task of running an artifact's producer, and of asking the tools `ask` for their versions. */
export const produceTask = (node: ArtifactNode, ask: readonly string[] = []): ProducerTask => ({
  node,
  task: { kind: 'produce', artifact: node.producer ?? node.name, ask },
  outputs: Object.keys(node.outputs),
  params: paramValues(node),
  env: node.env,
  network: node.network,
  limits: node.limits,
  hostFiles: [],
})

/** The proxy variables. A resolver sees them, but they are in no key, because they do not change what it finds. */
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy']

/** The task of resolving a lockfile. */
export const resolveTask = (node: LockfileNode, previous: readonly LockedFile[]): ProducerTask => ({
  node,
  task: { kind: 'resolve', lockfile: node.name, previous },
  outputs: [],
  params: paramValues(node),
  env: PROXIES,
  network: true,
  limits: DEFAULT_LIMITS,
  hostFiles: node.hostFiles,
})

/** Runs a task in its own process and resolves with its result. Throws a Failure if it fails. */
export async function runTask(
  context: SessionContext,
  task: ProducerTask,
  work: WorkDirectory,
  inputs: readonly Mount[],
): Promise<Extract<ProducerResult, { ok: true }>> {
  const { workspace, confinement, variation } = context
  const { disk, graph } = workspace
  const confined = (await confinement()) === 'sandbox'
  const scratchOnDisk = !confined || variation !== undefined || !memoryIsRoomy()
  if (scratchOnDisk) disk.mkdir(toRawPath(`${work.path}/scratch`))
  const at = confined ? INSIDE : insideOf(work.path)
  const bundleName = workspace.bundle.slice(workspace.bundle.lastIndexOf('/') + 1)
  const { root } = workspace.locations
  const seenAs = (path: string): string => (confined ? insideWorkspace(root, path) : path)
  const tools = task.node.tools.flatMap(({ name }) => {
    const tool = context.snapshot.tools.get(name)
    return tool ? [[name, tool] as const] : []
  })
  const request: ProducerRequest = {
    task: task.task,
    bundle: confined ? `${INSIDE.distro}/${bundleName}` : workspace.bundle,
    inputs: inputPaths(graph, task.node, at.inputs),
    outputs: pathsIn(at.outputs, task.outputs),
    params: task.params,
    tools: Object.fromEntries(tools.map(([name, { path }]) => [name, seenAs(fromRawPath(path))])),
    work: at.work,
    scratch: at.scratch,
    epoch: graph.epoch,
    result: `${at.work}/${RESULT}`,
  }
  writeFiles(disk, work, request)
  const writable = ['outputs', 'work', ...(scratchOnDisk ? ['scratch'] : [])]
  if (confined)
    giveToProducer(
      disk,
      [...writable, ...FILES].map((name) => toRawPath(`${work.path}/${name}`)),
    )
  const child = `${confined ? INSIDE.program : context.code}/child.cjs`
  const node = process.execPath.startsWith('/usr/') || !confined ? process.execPath : INSIDE.node
  const command = [...(variation?.wrapper ?? []), node, child, `${at.work}/.lbuild-request.json`]
  const mounts: Mount[] = [
    ...toolMounts(
      tools.map(([, tool]) => tool),
      root,
    ),
    { from: context.code, to: INSIDE.program },
    { from: workspace.bundle, to: `${INSIDE.distro}/${bundleName}` },
    { from: `${work.path}/etc/passwd`, to: '/etc/passwd' },
    { from: `${work.path}/etc/group`, to: '/etc/group' },
    ...existing(disk, task.hostFiles),
    ...inputs,
    ...writable.map((name) => ({ from: `${work.path}/${name}`, to: `/${name}`, writable: true })),
    ...(node === INSIDE.node ? [{ from: process.execPath, to: INSIDE.node }] : []),
  ]
  const sandbox = {
    mounts,
    network: task.network,
    hostname: variation?.hostname ?? HOSTNAME,
    ...(scratchOnDisk ? {} : { tmpfs: INSIDE.scratch }),
  }
  if (context.signal.aborted) throw new Interrupted('interrupted')
  const group = context.processes.start(command, {
    env: environment(workspace, task, at, toolDirectories(workspace).map(seenAs)),
    cwd: confined ? '/' : work.path,
    log: work.log,
    limits: task.limits,
    writes: writable.map((name) => `${work.path}/${name}`),
    ...(confined ? { sandbox } : {}),
  })
  const kill = (): void => group.kill()
  context.signal.addEventListener('abort', kill, { once: true })
  const { code, signal, exceeded } = await group.ended.finally(() =>
    context.signal.removeEventListener('abort', kill),
  )
  if (exceeded) throw limitFailure(exceeded, work)
  return readResult(workspace, task.node, work, signal ?? `exit code ${code}`)
}

/** The files that {@link writeFiles} writes to a work directory. */
const FILES = ['work/.lbuild-request.json', 'etc/passwd', 'etc/group']

function writeFiles(disk: Workspace['disk'], work: WorkDirectory, request: ProducerRequest): void {
  for (const [position, text] of [JSON.stringify(request), PASSWD, GROUP].entries())
    writeNew(disk, toRawPath(`${work.path}/${FILES[position]}`), text)
}

const insideOf = (path: string): typeof INSIDE => ({
  ...INSIDE,
  inputs: `${path}/inputs`,
  outputs: `${path}/outputs`,
  work: `${path}/work`,
  scratch: `${path}/scratch`,
})

const pathsIn = (directory: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `${directory}/${name}`]))

/** The path at which a task sees each input. */
const inputPaths = (
  graph: Workspace['graph'],
  { inputs }: Pick<ArtifactNode, 'inputs'>,
  directory: string,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, `${directory}/${inputPath(graph, name, input)}`]),
  )

/** The mounts of those paths that exist. A task sees them where they are. */
const existing = (disk: Workspace['disk'], paths: readonly string[]): readonly Mount[] =>
  paths.filter((path) => disk.lstat(toRawPath(path))).map((path) => ({ from: path, to: path }))

/** The environment of a task: declared variables, and others with the same values on every host. */
function environment(
  workspace: Workspace,
  task: ProducerTask,
  { work, scratch }: Pick<typeof INSIDE, 'work' | 'scratch'>,
  ownDirectories: readonly string[],
): Record<string, string> {
  const declared = task.env.flatMap((name) => {
    const value = workspace.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(declared),
    PATH: searchPath(ownDirectories),
    HOME: work,
    TMPDIR: scratch,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: String(workspace.graph.epoch),
  }
}

function writeNew(disk: Workspace['disk'], path: RawPath, text: string): void {
  const fd = disk.open(path, 'wx', 0o644)
  try {
    disk.write(fd, Buffer.from(text), null)
  } finally {
    disk.close(fd)
  }
}
