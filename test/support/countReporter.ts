// Counts the tests of a run for a script that sums up several runs.
import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Appends a line `PASSED FAILED SKIPPED` to the file that the variable LBUILD_TEST_COUNTS names. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const file = process.env['LBUILD_TEST_COUNTS']
    if (file === undefined) return
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    )
    const count = (state: string): number => states.filter((one) => one === state).length
    // A file that cannot be loaded has no tests, but an error.
    const broken = errors.length + modules.reduce((sum, module) => sum + module.errors().length, 0)
    appendFileSync(file, `${count('passed')} ${count('failed') + broken} ${count('skipped')}\n`)
  }
}
