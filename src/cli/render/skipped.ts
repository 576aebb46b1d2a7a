// Says why an artifact was skipped.

/** What is known of an artifact that was skipped; logs of older versions of lbuild lack some of it. */
interface Skipped {
  readonly failedArtifact?: string | undefined
  readonly dependsOnFailed?: boolean | undefined
}

/** Why an artifact was skipped: it depends on a failed artifact, or the build stopped before its turn. */
export function skippedBecause({ failedArtifact, dependsOnFailed }: Skipped): string {
  if (failedArtifact === undefined) return ''
  return dependsOnFailed === false
    ? `not started: the build stopped after ${failedArtifact} failed`
    : `because ${failedArtifact} failed`
}
