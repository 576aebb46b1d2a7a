// The words for what a build did with an artifact, for terminals and for the report page.

/** For each outcome in the event log its word; each of them is a key, as the type checks of the readers show. */
export const OUTCOME_WORDS = {
  built: 'built',
  restored: 'restored',
  fresh: 'fresh',
  failed: 'failed',
  skipped: 'skipped',
  unfinished: 'unfinished',
  unreached: 'not reached',
} as const
