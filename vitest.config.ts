import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // A failing run prints its seed; `npx vitest --sequence.seed N` runs it in the same order again.
    sequence: { shuffle: true },
    maxWorkers: 2,
    reporters: ['default', './test/countReporter.ts'],
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**', 'test/fuzz/**', 'test/bench/**'],
          globalSetup: ['test/compile.ts'],
          testTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'fuzz',
          include: ['test/fuzz/**/*.test.ts'],
          globalSetup: ['test/compile.ts'],
          testTimeout: 600_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: ['test/compile.ts', 'test/e2e/support/setup.ts'],
          testTimeout: 900_000,
          hookTimeout: 900_000,
          fileParallelism: false,
        },
      },
    ],
  },
  resolve: {
    alias: [
      { find: /^lbuild$/, replacement: new URL('./src/api/index.ts', import.meta.url).pathname },
      { find: /^lbuild\/(.*)$/, replacement: `${new URL('./src/', import.meta.url).pathname}$1.ts` },
    ],
  },
})
