// The error of a run that exceeded a limit.
import type { Limits } from '../graph/limits.ts'
import { Failure } from '../platform/failure.ts'
import type { ExceededLimit } from './limitWatch.ts'
import type { WorkDirectory } from './workDirectory.ts'

const inMebibytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`

/** How each limit is reported. */
const WORDS: Readonly<
  Record<keyof Limits, { headline: string; show: (value: number) => string; advice: string }>
> = {
  seconds: {
    headline: 'the producer did not finish in time',
    show: (value) => `${value} s`,
    advice: 'find out in the log where it hangs',
  },
  processes: {
    headline: 'the producer has too many processes and threads',
    show: String,
    advice: 'start fewer at a time',
  },
  memory: {
    headline: 'the producer uses too much memory',
    show: inMebibytes,
    advice: 'write large files to work, which is on the disk',
  },
  disk: {
    headline: 'the producer writes too much to the disk',
    show: inMebibytes,
    advice: 'remove files that it no longer needs',
  },
}

/** The Failure of a run that exceeded a limit. */
export function limitFailure({ limit, allowed, used }: ExceededLimit, work: WorkDirectory): Failure {
  const { headline, show, advice } = WORDS[limit]
  return new Failure(headline, {
    facts: [
      ['limit', show(Math.floor(allowed))],
      ...(limit === 'seconds' ? [] : [['used', show(used)] as const]),
      ['work directory', work.path],
      ['log', work.log],
    ],
    hint: `${advice}, or raise the limit in the declaration: limits: { ${limit}: … }`,
  })
}
