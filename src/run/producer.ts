import type { LockedFile } from '../declare/lockfile.ts'
import type { Json } from '../declare/params.ts'
import { fromBytes, toBytes } from '../host/bytes.ts'
import type { Bytes } from '../host/bytes.ts'
import { display } from '../host/bytes.ts'
import { errorCode } from '../host/disk.ts'
import type { Digest } from '../host/digest.ts'
import { Failure } from '../host/failure.ts'
import { searchPath } from '../host/search.ts'
import type { ArtifactNode, LockNode, ToolSpec } from '../graph/graph.ts'
import { paramValues } from '../graph/graph.ts'
import { lockDigest } from '../store/lockedFiles.ts'
import type { Part } from '../store/records.ts'
import type { Listener } from './events.ts'
import { InputMoved, listingOf, materializeFile, materializeTree } from './materialize.ts'
import type { Processes } from './process.ts'
import type { ProducerRequest, ProducerResult } from './request.ts'
import type { Confinement, Mount } from './sandbox.ts'
import { memoryIsRoomy, sandboxed } from './sandbox.ts'
import type { Survey } from '../workspace/survey.ts'
import { ABSENT } from '../workspace/survey.ts'
import type { WorkDirectory } from './work.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { toolDirectories } from '../workspace/workspace.ts'

/** Where things lie for a producer in the sandbox, whatever the workspace is called. */
const INSIDE = {
  code: '/lbuild/code',
  node: '/lbuild/node',
  inputs: '/inputs',
  outputs: '/outputs',
  work: '/work',
}
const SCRATCH = '/scratch'

/** Bare users and groups: enough for tools that ask who they are. */
const PASSWD =
  'root:x:0:0:root:/root:/bin/sh\n_apt:x:100:65534::/nonexistent:/usr/sbin/nologin\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n'
const GROUP = 'root:x:0:\nnogroup:x:65534:\n'

export interface RunContext {
  readonly workspace: Workspace
  readonly survey: Survey
  readonly processes: Processes
  /** Found out when the first producer is to run. */
  readonly confinement: () => Promise<Confinement>
  /** The directory with lbuild's compiled child. */
  readonly code: string
  readonly build: string
  readonly listener: Listener
  /** Aborted when the build is to stop. */
  readonly signal: AbortSignal
}

/** Thrown when a build is told to stop. */
export class Interrupted extends Error {}

/**
 * Lays out the inputs of an artifact or a lock, each checked against the part of the key that it belongs to, and says
 * how the sandbox shows them. Stored objects are shown where they lie; without a sandbox they are copied, since the
 * store must not share what can be written. Throws InputMoved when something is not what the key says, and
 * DamagedObject when an object is not what its name says.
 */
export async function layInputs(
  { workspace, survey, confinement }: RunContext,
  node: ArtifactNode | LockNode,
  parts: readonly Part[],
  work: WorkDirectory,
): Promise<readonly Mount[]> {
  const { disk, objects, graph, places } = workspace
  const mounts: Mount[] = []
  const confined = (await confinement()) === 'sandbox'
  const layObject = (digest: Digest, name: string): void => {
    const object = objects.path(digest)
    const copy = toBytes(`${work.path}/inputs/${name}`)
    if (confined) objects.check(digest)
    else objects.copyOut(digest, copy, { mode: 0o444, durable: false })
    disk.utimes(confined ? object : copy, graph.epoch)
    if (confined) mounts.push({ from: fromBytes(object), to: `${INSIDE.inputs}/${name}` })
  }
  for (const [name, input] of Object.entries(node.inputs)) {
    const value = String(parts.find((part) => part.kind === input.kind && part.name === name)?.value)
    if (value === ABSENT) continue
    if (input.kind === 'output') {
      layObject(value, name)
    } else if (input.kind === 'downloads') {
      const { content } = survey.locks.find((lock) => lock.node.name === input.lock)!
      if (lockDigest(content!.files) !== value) throw new InputMoved(toBytes(input.lock))
      disk.mkdir(toBytes(`${work.path}/inputs/${name}`))
      if (content!.files.length === 0)
        mounts.push({ from: `${work.path}/inputs/${name}`, to: `${INSIDE.inputs}/${name}` })
      for (const file of content!.files) layObject(file.sha256, `${name}/${file.name}`)
    } else {
      const from = toBytes(`${places.root}/${input.path}`)
      const to = toBytes(`${work.path}/inputs/${name}`)
      if (input.kind === 'tree') {
        const listing = await listingOf(survey.trees.get(input.path)!, value, from)
        materializeTree(disk, from, to, listing, graph.epoch)
      } else {
        const [kind, digest] = value.split(' ') as [string, string]
        materializeFile(disk, from, to, { executable: kind === 'executable', digest }, graph.epoch)
      }
      mounts.push({ from: fromBytes(to), to: `${INSIDE.inputs}/${name}` })
    }
  }
  return mounts
}

export interface ProducerTask {
  readonly node: ArtifactNode | LockNode
  readonly task: ProducerRequest['task']
  readonly outputs: readonly string[]
  readonly params: Readonly<Record<string, Json>>
  readonly env: readonly string[]
  readonly network: boolean
}

/** The task of producing an artifact. */
export const produceTask = (node: ArtifactNode): ProducerTask => ({
  node,
  task: { kind: 'produce', artifact: node.name },
  outputs: Object.keys(node.outputs),
  params: paramValues(node),
  env: node.env,
  network: node.network,
})

/** Variables through which people reach mirrors: they say where from, never what. */
const PROXIES = ['http_proxy', 'https_proxy', 'no_proxy']

/** The task of resolving a lock. */
export const resolveTask = (node: LockNode, previous: readonly LockedFile[]): ProducerTask => ({
  node,
  task: { kind: 'resolve', lock: node.name, previous },
  outputs: [],
  params: paramValues(node),
  env: PROXIES,
  network: true,
})

/** Runs one task in a process of its own. Resolves with what it leaves; throws a Failure when it fails. */
export async function runTask(
  context: RunContext,
  task: ProducerTask,
  work: WorkDirectory,
  inputs: readonly Mount[],
): Promise<Extract<ProducerResult, { ok: true }>> {
  const { workspace, confinement } = context
  const { disk, graph } = workspace
  const confined = (await confinement()) === 'sandbox'
  const scratchOnDisk = !confined || !memoryIsRoomy()
  if (scratchOnDisk) disk.mkdir(toBytes(`${work.path}/scratch`))
  const at = confined ? INSIDE : insideOf(work.path)
  const scratch = confined ? SCRATCH : `${work.path}/scratch`
  const bundleName = workspace.bundle.slice(workspace.bundle.lastIndexOf('/') + 1)
  const request: ProducerRequest = {
    task: task.task,
    bundle: confined ? `/lbuild/${bundleName}` : workspace.bundle,
    inputs: pathsIn(at.inputs, Object.keys(task.node.inputs)),
    outputs: pathsIn(at.outputs, task.outputs),
    params: task.params,
    tools: toolPaths(context.survey, task.node.tools),
    work: at.work,
    scratch,
    epoch: graph.epoch,
    result: `${at.work}/.lbuild-result.json`,
  }
  const write = (name: string, text: string): void => writeNew(disk, toBytes(`${work.path}/${name}`), text)
  write('work/.lbuild-request.json', JSON.stringify(request))
  write('etc/passwd', PASSWD)
  write('etc/group', GROUP)
  const child = `${confined ? INSIDE.code : context.code}/child.mjs`
  const node = process.execPath.startsWith('/usr/') || !confined ? process.execPath : INSIDE.node
  const command = [node, child, `${at.work}/.lbuild-request.json`]
  const mounts: Mount[] = [
    { from: context.code, to: INSIDE.code },
    { from: workspace.bundle, to: `/lbuild/${bundleName}` },
    { from: `${work.path}/etc/passwd`, to: '/etc/passwd' },
    { from: `${work.path}/etc/group`, to: '/etc/group' },
    ...inputs,
    { from: `${work.path}/outputs`, to: INSIDE.outputs, writable: true },
    { from: `${work.path}/work`, to: INSIDE.work, writable: true },
    ...(scratchOnDisk ? [{ from: `${work.path}/scratch`, to: SCRATCH, writable: true }] : []),
    ...(node === INSIDE.node ? [{ from: process.execPath, to: INSIDE.node }] : []),
  ]
  const toolPath = toolDirectories(workspace)
  const options = { mounts, toolPath, network: task.network, ...(scratchOnDisk ? {} : { tmpfs: SCRATCH }) }
  if (context.signal.aborted) throw new Interrupted('interrupted')
  const group = context.processes.start(confined ? sandboxed(command, options) : command, {
    env: environment(task, at.work, scratch, graph.epoch, toolPath),
    cwd: confined ? '/' : work.path,
    log: work.log,
  })
  const { code, signal } = await group.ended
  return readResult(context, work, signal ?? `exit code ${code}`)
}

const insideOf = (path: string): typeof INSIDE => ({
  ...INSIDE,
  inputs: `${path}/inputs`,
  outputs: `${path}/outputs`,
  work: `${path}/work`,
})

const pathsIn = (directory: string, names: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name) => [name, `${directory}/${name}`]))

const toolPaths = (survey: Survey, tools: readonly ToolSpec[]): Record<string, string> =>
  Object.fromEntries(tools.map(({ name }) => [name, fromBytes(survey.tools.get(name)!.path)]))

function environment(
  task: ProducerTask,
  work: string,
  scratch: string,
  epoch: number,
  toolPath: readonly string[],
): Record<string, string> {
  const declared = task.env.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return {
    ...Object.fromEntries(declared),
    PATH: searchPath(toolPath),
    HOME: work,
    TMPDIR: scratch,
    LC_ALL: 'C.UTF-8',
    TZ: 'UTC',
    SOURCE_DATE_EPOCH: String(epoch),
  }
}

function writeNew(disk: Workspace['disk'], path: Bytes, text: string): void {
  const fd = disk.open(path, 'wx', 0o644)
  try {
    disk.write(fd, Buffer.from(text), null)
  } finally {
    disk.close(fd)
  }
}

/** How much of a log a failure carries, in lines. */
const TAIL_LINES = 30

function readResult(
  { workspace: { disk } }: RunContext,
  work: WorkDirectory,
  ended: string,
): Extract<ProducerResult, { ok: true }> {
  let result: ProducerResult
  try {
    result = JSON.parse(
      disk.readFile(toBytes(`${work.path}/work/.lbuild-result.json`)).toString(),
    ) as ProducerResult
  } catch (error) {
    if (errorCode(error) === '' && !(error instanceof SyntaxError)) throw error
    const log = disk.readFile(toBytes(work.log)).toString()
    throw new Failure('the process of the producer ended before it was done', {
      facts: [
        ['ended with', ended],
        ['work directory', work.path],
      ],
      tail: log.trimEnd().split('\n').slice(-TAIL_LINES).join('\n'),
    })
  }
  if (result.ok) return result
  const { headline, facts, hint, tail } = result.failure
  throw new Failure(headline, {
    facts: [...facts, ['work directory', work.path], ['log', work.log]],
    ...(hint === undefined ? {} : { hint }),
    ...(tail === undefined ? {} : { tail }),
  })
}

/** Checks that a run left exactly the declared outputs, each a regular file. */
export function checkOutputs(
  { workspace: { disk } }: RunContext,
  node: ArtifactNode,
  work: WorkDirectory,
): void {
  const directory = toBytes(work.outputs)
  const found = disk.readdir(directory).map(fromBytes).sort()
  const problems = [
    ...Object.keys(node.outputs).flatMap((name): [string, string][] => {
      const stat = disk.lstat(`${directory}/${toBytes(name)}`)
      if (!stat) return [[name, 'was not written']]
      return stat.type === 'file' ? [] : [[name, `is a ${stat.type}, not a file`]]
    }),
    ...found
      .filter((name) => !Object.hasOwn(node.outputs, name))
      .map((name): [string, string] => [display(toBytes(name)), 'was written and is not declared']),
  ]
  if (problems.length === 0) return
  throw new Failure('the outputs are not the declared ones', {
    facts: [...problems, ['work directory', work.path]],
    hint: 'write every declared output to the path in outputs, and nothing else there',
  })
}
