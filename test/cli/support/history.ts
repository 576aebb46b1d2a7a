// Runs `lbuild history` and reads its JSON.
import { expect } from 'vitest'
import type { LoggedArtifact } from '../../../src/events/loggedBuild.ts'
import type { TestWorkspace } from '../../support/workspace.ts'

export interface BuildDocument {
  readonly id: string
  readonly startedAt: string
  readonly targets: readonly string[]
  readonly command: readonly string[] | null
  readonly params: Readonly<Record<string, string>>
  readonly end: string
  readonly seconds: number
  readonly savedSeconds: number | null
  readonly incomplete: boolean
  readonly built: readonly string[]
  readonly restored: readonly string[]
  readonly fresh: readonly string[]
  readonly failed: readonly string[]
  readonly skipped: readonly string[]
  readonly unfinished: readonly string[]
  readonly unreached: readonly string[]
}

export interface DetailDocument extends BuildDocument {
  readonly artifacts: readonly LoggedArtifact[]
  readonly explanation: { causes: readonly { reason: { kind: string }; artifacts: readonly string[] }[] }
  readonly criticalPath: readonly { kind: string; name: string; seconds: number }[]
  readonly failure: { headline: string } | null
  readonly warnings: readonly { message: string }[]
}

/** What `lbuild history --json` prints, newest first. */
export async function history(
  workspace: TestWorkspace,
  ...args: readonly string[]
): Promise<readonly BuildDocument[]> {
  const { code, stdout, stderr } = await workspace.lbuild('history', '--json', ...args)
  expect([code, stderr]).toEqual([0, ''])
  const { schemaVersion, builds } = JSON.parse(stdout) as { schemaVersion: number; builds: BuildDocument[] }
  expect(schemaVersion).toBe(2)
  return builds
}

/** The build with an id, as `lbuild history --json --build ID` prints it. */
export async function detail(workspace: TestWorkspace, id = 'last'): Promise<DetailDocument> {
  const { code, stdout, stderr } = await workspace.lbuild('history', '--json', '--build', id)
  expect([code, stderr]).toEqual([0, ''])
  return (JSON.parse(stdout) as { build: DetailDocument }).build
}

/** The outcomes of a build without artifacts. */
export const EMPTY = {
  built: [],
  restored: [],
  fresh: [],
  failed: [],
  skipped: [],
  unfinished: [],
  unreached: [],
}
