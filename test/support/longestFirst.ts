// Orders test files: the longest first, so that all workers finish at about the same time, then the others at random.
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { sha256 } from '../../src/platform/digest.ts'

/** The files that take the longest in their suites, in order of their durations. */
const LONGEST = [
  'e2e/bootIso',
  'e2e/init',
  'e2e/reproducible',
  'e2e/rerun',
  'e2e/bootDisk',
  'e2e/watchRun',
  'e2e/keys',
  'package/install',
  'package/node',
]

export default class LongestFirst extends BaseSequencer {
  override sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const { seed } = this.ctx.config.sequence
    const rank = ({ moduleId }: TestSpecification): number => {
      const position = LONGEST.findIndex((name) => moduleId.endsWith(`/${name}.test.ts`))
      return position === -1 ? LONGEST.length : position
    }
    const ordered = files
      .map((file) => ({ file, rank: rank(file), random: sha256(`${seed} ${file.moduleId}`) }))
      .sort((one, other) => one.rank - other.rank || (one.random < other.random ? -1 : 1))
    return Promise.resolve(ordered.map(({ file }) => file))
  }
}
