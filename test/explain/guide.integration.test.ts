// Tests that docs/why.md shows what its commands print, by running them in order in a small distro.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { TINY, TINY_TARGETS } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const GUIDE = readFileSync(new URL('../../docs/why.md', import.meta.url), 'utf8')

/** Every command of the guide, which follows `$ `, and the output below it. */
const steps = [...GUIDE.matchAll(/```console\n(.*?)```/gs)]
  .flatMap(([, block]) => block!.split(/^\$ /m).slice(1))
  .map((step) => {
    const [command, ...output] = step.trimEnd().split('\n')
    return { command: command!, output: output.join('\n') }
  })

/** Replaces what differs between runs: ids of builds, times and durations. */
const normalized = (text: string): string =>
  text
    .replaceAll(/\b\d{8}-\d{6}-[0-9a-z-]+/g, 'BUILD')
    .replaceAll(/, saved [\d.]+ s/g, '')
    .replaceAll(/\b\d+(\.\d+)? s\b(?! ago)/g, 'N s')
    .replaceAll(/just now|\d+ (s|min) ago/g, 'AGO')
    .replaceAll(/\(\/\S+\)/g, '(PATH)')
    .trimEnd()

it('each command of the guide prints the output that the guide shows', async () => {
  expect(steps.length).toBeGreaterThan(8)
  const workspace = new TestWorkspace(TINY)
  expect((await workspace.lbuild(...TINY_TARGETS)).code).toBe(0)
  for (const { command, output } of steps) {
    if (command.startsWith('lbuild ')) {
      const { stdout, code } = await workspace.lbuild(...command.split(' ').slice(1))
      expect([code, normalized(stdout)], command).toEqual([0, normalized(output)])
    } else {
      // A shell command of the guide that edits a file.
      execFileSync('/bin/sh', ['-c', command], { cwd: workspace.root })
      expect(output, command).toBe('')
    }
  }
})
