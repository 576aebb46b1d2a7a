// Counts the objects of a store by their purpose.
import * as fs from 'node:fs'
import type { Recorded } from './damage.ts'
import { listingIn, objectPath } from './damage.ts'
import { objectFiles } from './notes.ts'
import type { TestWorkspace } from './workspace.ts'

/** The number of objects of a store for each purpose. */
export interface StoreContents {
  readonly outputs: number
  readonly listings: number
  readonly texts: number
  /** The objects that no record names. */
  readonly others: number
}

/** Counts the objects, each once. */
export function contents(workspace: TestWorkspace): StoreContents {
  const outputs = new Set<string>()
  const listings = new Set<string>()
  const texts = new Set<string>()
  for (const { parts, outputs: made, sourceTexts: seen } of allRecords(workspace)) {
    for (const { sha256 } of Object.values(made)) outputs.add(objectPath(sha256))
    for (const digest of parts.map(listingIn)) if (digest !== undefined) listings.add(objectPath(digest))
    if (seen !== undefined) texts.add(objectPath(seen))
  }
  const counts = { outputs: 0, listings: 0, texts: 0, others: 0 }
  for (const name of objectFiles(workspace)) {
    const path = `cache/objects/${name}`
    if (outputs.has(path)) counts.outputs += 1
    else if (listings.has(path)) counts.listings += 1
    else if (texts.has(path)) counts.texts += 1
    else counts.others += 1
  }
  return counts
}

function allRecords(workspace: TestWorkspace): readonly Recorded[] {
  const names = fs.readdirSync(workspace.path('cache/records'), { recursive: true, encoding: 'utf8' })
  return names
    .filter((name) => /\/[0-9a-f]{64}\.json$/.test(name))
    .map((name) => JSON.parse(workspace.read(`cache/records/${name}`).split('\n')[1]!) as Recorded)
}
