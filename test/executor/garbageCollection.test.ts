// Tests that a collection which stops at any call of the disk leaves every record complete.
import * as fs from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Digest } from '../../src/platform/digest.ts'
import { sha256 } from '../../src/platform/digest.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import type { CollectedWorkspace } from '../../src/executor/garbageCollection.ts'
import { planCollection, removeCollected } from '../../src/executor/garbageCollection.ts'
import { ObjectStore } from '../../src/store/objects.ts'
import { RecordStore } from '../../src/store/records.ts'
import { atEveryCall, FaultyDisk } from '../support/faultyDisk.ts'
import { memoryDirectory } from '../support/temporary.ts'
import { artifactNode, graphOf } from '../support/world.ts'
import type { Part, RunRecord } from '../../src/planner/domain.ts'

describe('a collection', () => {
  const graph = graphOf(artifactNode('base'), artifactNode('image', ['base']))

  /** Fills a store with three builds of two artifacts, some of which share an object, and one of an undeclared artifact. */
  function fillStore(root: string): void {
    const objects = new ObjectStore(realDisk, `${root}/cache/objects`)
    const records = new RecordStore(realDisk, `${root}/cache/records`)
    const addRecord = (artifact: string, text: string, parts: readonly Part[]): Digest => {
      const digest = objects.putText(text)
      const key = sha256(`${artifact} ${text} ${JSON.stringify(parts)}`)
      const tree = {
        kind: 'tree',
        name: 'src',
        path: 'src',
        digest: objects.putText(`listing of ${text}`),
      } as const
      const record: RunRecord = {
        artifact,
        key,
        parts: [...parts, tree],
        outputs: { image: { path: `${artifact}.img`, published: true, sha256: digest, size: text.length } },
        modules: {},
        lockfileRequests: {},
        sourceTexts: objects.putText(`texts of ${text}`),
        toolVersions: {},
        build: 'a-build',
        startedAt: '2026-01-01T00:00:00.000Z',
        seconds: 1,
        sandboxed: true,
      }
      records.add(record)
      records.setLatest(artifact, key)
      return digest
    }
    addRecord('gone', 'gone', [])
    for (const round of ['one', 'two', 'three']) {
      const digest = addRecord('base', `base ${round}`, [])
      const part = {
        kind: 'output',
        name: 'base',
        artifact: 'base',
        output: 'image',
        file: 'image',
        digest,
      } as const
      addRecord('image', round === 'three' ? 'image three' : 'image', [part])
    }
    objects.putText('unreferenced')
    fs.writeFileSync(`${root}/cache/objects/damaged-x`, '')
    fs.mkdirSync(`${root}/cache/config`)
  }

  const open = (root: string, disk: Disk): CollectedWorkspace => ({
    disk,
    locations: { root, home: root, cache: `${root}/cache`, output: `${root}/output` },
    objects: new ObjectStore(disk, `${root}/cache/objects`),
    records: new RecordStore(disk, `${root}/cache/records`),
    graph,
    bundle: `${root}/cache/config/bundle.mjs`,
    now: () => 0n,
  })

  const LIMITS = { keep: 2, maxSize: 0 }

  it.each(['crash', 'ENOSPC'] as const)(
    'leaves all objects of each record, and every latest record, after a %s at any call of the disk',
    (fault) => {
      let root = ''
      const calls = atEveryCall(
        fault,
        (disk) => {
          root = memoryDirectory()
          fillStore(root)
          const workspace = open(root, disk)
          removeCollected(workspace, planCollection(workspace, LIMITS))
        },
        (completed, call) => {
          const { objects, records } = open(root, realDisk)
          const left = records.list()
          expect(left.damaged, call).toEqual([])
          for (const { record } of left.records) {
            for (const output of Object.values(record.outputs)) expect(objects.has(output), call).toBe(true)
            for (const part of record.parts)
              if (part.kind === 'tree') expect(objects.readText(part.digest!), call).toBeDefined()
            expect(objects.readText(record.sourceTexts!), call).toBeDefined()
          }
          for (const name of ['base', 'image']) expect(records.latest(name), call).toBeDefined()
          if (!completed) return
          expect(left.records).toHaveLength(2)
          // The output, the listing and the texts of each record.
          expect(objects.list().objects.size).toBe(6)
          expect(fs.readdirSync(`${root}/cache/records`).sort()).toEqual(['base', 'image'])
          // A second collection finds nothing to remove.
          expect(planCollection(open(root, realDisk), LIMITS)).toMatchObject({ records: [], leftovers: [] })
        },
      )
      expect(calls).toBeGreaterThan(30)
    },
  )

  it('flushes the removal of records to disk before it removes the first object', () => {
    const root = memoryDirectory()
    fillStore(root)
    const faulty = new FaultyDisk()
    const workspace = open(root, faulty.disk)
    removeCollected(workspace, planCollection(workspace, LIMITS))
    const { calls } = faulty
    const first = calls.findIndex((call) => call.startsWith(`removeTree ${root}/cache/objects/`))
    const last = calls.findLastIndex((call) => call.startsWith(`unlink ${root}/cache/records/`))
    expect(last).toBeGreaterThan(0)
    expect(first).toBeGreaterThan(last)
    for (const name of ['base', 'gone', 'image'])
      expect(calls.slice(last, first)).toContain(`fsync ${root}/cache/records/${name}`)
  })
})
