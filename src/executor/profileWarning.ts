// Warns about outputs that a profile replaces, because they were built with other params.
import { shownOutput } from '../config/locations.ts'
import type { BuildEvent } from '../events/events.ts'
import { dependenciesOf } from '../graph/graph.ts'
import { originOf } from '../graph/params.ts'
import type { Plan, Planned } from '../planner/domain.ts'
import { canonicalJson } from '../platform/json.ts'
import { toRawPath } from '../platform/rawPath.ts'
import type { Workspace } from '../workspace/workspace.ts'

/**
 * The warning for a plan whose profile changes params: it names the published outputs that the build replaces by others of
 * the profile. Undefined if there are none, for example because the last build had the same profile.
 */
export function profileWarning(
  { disk, locations }: Pick<Workspace, 'disk' | 'locations'>,
  planned: Plan,
): Extract<BuildEvent, { type: 'warning' }> | undefined {
  const profiles = new Set<string>()
  const affected = new Set<string>()
  const replaced: string[] = []
  for (const one of planned) {
    const profile = changingProfile(one)
    if (profile !== undefined) profiles.add(profile)
    if (profile === undefined && !dependenciesOf(one.node).some((name) => affected.has(name))) continue
    affected.add(one.node.name)
    if (one.decision.verdict === 'fresh') continue
    for (const { path, published } of Object.values(one.latest?.outputs ?? {}))
      if (published && disk.lstat(toRawPath(`${locations.output}/${path}`)))
        replaced.push(shownOutput(locations, path))
  }
  const [profile] = profiles
  if (profile === undefined || replaced.length === 0) return undefined
  return {
    type: 'warning',
    message: `the profile '${profile}' replaces ${replaced.join(', ')}`,
    hint: 'to keep them, add --output DIR, which publishes to another directory; to apply no profile, add --profile none',
  }
}

/** The profile that sets a param of an artifact to another value than in its latest run; undefined if none does. */
function changingProfile({ node, parts, latest }: Planned): string | undefined {
  const before = new Map(
    latest?.parts.flatMap((part) => (part.kind === 'param' ? [[part.name, part.value] as const] : [])),
  )
  for (const part of parts) {
    if (part.kind !== 'param' || !before.has(part.name)) continue
    if (canonicalJson(before.get(part.name) ?? null) === canonicalJson(part.value)) continue
    const param = node.params[part.name]
    const profile = param && originOf(param).profile
    if (profile !== undefined) return profile
  }
  return undefined
}
