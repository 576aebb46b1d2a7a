// Tests builds in which one call of the disk fails. The time decides how many of the calls are tested.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Disk } from '../../src/platform/disk.ts'
import { Failure } from '../../src/platform/failure.ts'
import { Crash, DiskError, FaultyDisk } from '../support/faultyDisk.ts'
import type { Fault } from '../support/faultyDisk.ts'
import { sample, SEED } from './support/bounds.ts'
import { Lab } from './support/lab.ts'
import { Model, PLAIN } from './support/model.ts'
import type { ArtifactModel } from './support/model.ts'

/** A distro with a file and a tree as inputs, an internal output and an image. */
const DISTRO: readonly ArtifactModel[] = [
  { ...PLAIN, files: [0], trees: [0], outputs: 2, internal: true },
  { ...PLAIN, dependencies: [0] },
]

class Scene {
  readonly lab = new Lab()
  readonly model = new Model(this.lab.root, structuredClone([...DISTRO]))

  build(disk?: Disk): ReturnType<Lab['build']> {
    return this.lab.build({
      graph: this.model.graph(),
      targets: this.model.names,
      jobs: 1,
      produce: (request, env) => this.model.produce(request, env),
      ...(disk ? { disk } : {}),
    })
  }

  write(path: string, content: string): void {
    fs.writeFileSync(this.lab.path(path), content)
  }

  outputs(): Map<string, string> {
    const read = (path: string): [string, string][] =>
      fs.existsSync(this.lab.path(`output/${path}`))
        ? [[path, fs.readFileSync(this.lab.path(`output/${path}`), 'utf8')]]
        : []
    return new Map([...this.expected().keys()].flatMap(read))
  }

  expected(): Map<string, string> {
    return this.model.expected([0, 1])
  }
}

/** The steps before the build that fails. */
const SCENES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  'a first build': async () => {},
  'an edit': async (scene) => {
    await scene.build()
    scene.write('src/t0/a', 'edited')
  },
  'a param set back, with an output to restore': async (scene) => {
    await scene.build()
    scene.model.artifacts[1]!.param = 1
    await scene.build()
    scene.model.artifacts[1]!.param = 0
  },
  'an output that was changed by hand': async (scene) => {
    await scene.build()
    scene.write('output/a1/first', 'somebody’s')
    scene.write('src/f0', 'edited')
  },
}

/** The calls that change the disk. A crash at any other call is a crash before the next of these. */
const CHANGES: ReadonlySet<keyof Disk> = new Set([
  'open',
  'write',
  'truncate',
  'fsync',
  'close',
  'chmod',
  'utimes',
  'mkdir',
  'symlink',
  'link',
  'rename',
  'unlink',
  'removeTree',
])

/** The number of tests below, which share the duration. */
const TESTS = 11

/** Lets calls fail, each in a build of its own; gives the number of calls that a build makes. */
async function atAnyCall(scene: keyof typeof SCENES, fault: Fault): Promise<number> {
  const counting = await buildAt(scene, fault, Number.POSITIVE_INFINITY)
  const calls = [...counting.calls.keys()].map((index) => index + 1)
  await sample(`${scene}, ${fault}`, calls, TESTS, async (at) => void (await buildAt(scene, fault, at)))
  return calls.length
}

/** Builds a scene with the fault at a call, and then without; checks the outputs of both builds. */
async function buildAt(scene: keyof typeof SCENES, fault: Fault, at: number): Promise<FaultyDisk> {
  const faulty = new FaultyDisk(at, fault, fault === 'crash' ? CHANGES : undefined)
  const stage = new Scene()
  try {
    await SCENES[scene]!(stage)
    const before = stage.outputs()
    const expected = stage.expected()
    const ended = await stage.build(faulty.disk).catch((error: unknown) => {
      if (error instanceof Crash || error instanceof DiskError || error instanceof Failure) return undefined
      throw error
    })
    faulty.end()
    const where = `${fault} at call ${at}: ${faulty.calls.at(-1)}, seed ${SEED}`
    const after = stage.outputs()
    if (ended?.exitCode === 0) expect(after, where).toEqual(expected)
    for (const [path, content] of after)
      expect([before.get(path), expected.get(path)], where).toContain(content)
    for (const path of before.keys()) expect([...after.keys()], where).toContain(path)
    expect((await stage.build()).exitCode, where).toBe(0)
    expect(stage.outputs(), where).toEqual(expected)
    return faulty
  } finally {
    stage.lab.end()
  }
}

describe('after a crash at any change of the disk, every output is the old version or the new one, and the next build is correct:', () => {
  it.each(Object.keys(SCENES))(`%s (seed ${SEED})`, async (scene) => {
    expect(await atAnyCall(scene, 'crash')).toBeGreaterThan(50)
  })
})

describe('after an error of any call of the disk, every output is the old version or the new one, and the next build is correct:', () => {
  it.each(Object.keys(SCENES))(`%s, with a full disk (seed ${SEED})`, async (scene) => {
    expect(await atAnyCall(scene, 'ENOSPC')).toBeGreaterThan(100)
  })

  it.each(['EIO', 'EROFS', 'EMFILE'] as const)(`an edit, with %s (seed ${SEED})`, async (fault) => {
    expect(await atAnyCall('an edit', fault)).toBeGreaterThan(100)
  })
})
