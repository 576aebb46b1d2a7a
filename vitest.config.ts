// How the suites of tests run. Tests are bounded by what they do; their time limits only end what hangs.
import { defineConfig } from 'vitest/config'
import LongestFirst from './test/support/longestFirst.ts'

const MINUTE = 60_000

const OTHER_SUITES = ['test/e2e/**', 'test/fuzz/**', 'test/bench/**', 'test/package/**']

/** A process of its own costs each file 0.2 s. Files share modules, so these keep no state between tests. */
const IN_SHARED_PROCESS = { isolate: false, testTimeout: 10 * MINUTE, hookTimeout: 10 * MINUTE }

export default defineConfig({
  test: {
    // A failing run prints its seed; `npx vitest --sequence.seed N` runs it in the same order again.
    sequence: { shuffle: true, sequencer: LongestFirst },
    maxWorkers: 2,
    reporters: ['default', './test/support/countReporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          ...IN_SHARED_PROCESS,
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: [...OTHER_SUITES, '**/*.integration.test.ts'],
          env: { LBUILD_TEST_SUITE: 'unit' },
        },
      },
      {
        extends: true,
        test: {
          ...IN_SHARED_PROCESS,
          name: 'integration',
          include: ['test/**/*.integration.test.ts'],
          globalSetup: [
            'test/support/compile.ts',
            'test/support/templates.ts',
            'test/support/ordinaryUser.ts',
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          globalSetup: ['test/support/compile.ts'],
          // These tests are bounded by their own time or count.
          testTimeout: 0,
          hookTimeout: 10 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: [
            'test/support/compile.ts',
            'test/support/ordinaryUser.ts',
            'test/e2e/support/setup.ts',
          ],
          testTimeout: 60 * MINUTE,
          hookTimeout: 60 * MINUTE,
        },
      },
      {
        extends: true,
        test: {
          name: 'package',
          include: ['test/package/**/*.test.ts'],
          globalSetup: ['test/package/support/setup.ts'],
          testTimeout: 10 * MINUTE,
          hookTimeout: 10 * MINUTE,
        },
      },
    ],
  },
  // `lbuild` in the tests and in the reference distro is the sources beside them, as package.json exports them.
  resolve: { conditions: ['lbuild:source'] },
  ssr: { resolve: { conditions: ['lbuild:source', 'node'] } },
})
