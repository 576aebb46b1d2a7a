import { appendFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Adds a line `PASSED FAILED` to the file that LBUILD_TEST_COUNTS names, so that runs can be summed up. */
export default class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env.LBUILD_TEST_COUNTS
    if (file === undefined) return
    const states = modules.flatMap((module) =>
      [...module.children.allTests()].map((test) => test.result().state),
    )
    const count = (state: string): number => states.filter((one) => one === state).length
    appendFileSync(file, `${count('passed')} ${count('failed')}\n`)
  }
}
