// Tests that the result of a producer's process is validated, because the producer itself can write it.
import { execFileSync } from 'node:child_process'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import type { Failure } from '../../src/platform/failure.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { readResult } from '../../src/sandbox/result.ts'
import { makeWorkDirectory } from '../../src/sandbox/workDirectory.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { artifactNode, graphOf } from '../support/world.ts'

const NAME = '.lbuild-result.json'

/** The result of a run in which a producer did something to the file of its result. */
function resultAfter(act: (path: string) => void, ended = 'exit code 0'): unknown {
  const root = temporaryDirectory()
  const work = makeWorkDirectory(realDisk, root, '20260102-030405-6', 'image')
  writeFileSync(work.log, 'what the producer printed\n')
  act(`${work.path}/work/${NAME}`)
  const locations = { root, home: root, cache: root, output: root }
  const node = artifactNode('image')
  const workspace = { disk: realDisk, locations, configFiles: [], graph: graphOf(node) }
  return readResult(workspace, node, work, ended)
}

const write =
  (value: unknown) =>
  (path: string): void =>
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value))

it('a result is accepted', () => {
  expect(resultAfter(write({ ok: true, versions: { tar: '1.34' } }))).toEqual({
    ok: true,
    versions: { tar: '1.34' },
  })
})

it.each<readonly [string, (path: string) => void, string]>([
  ['a fifo', (path) => execFileSync('mkfifo', [path]), 'is a special file, not a file'],
  ['a link to an endless device', (path) => symlinkSync('/dev/zero', path), 'is a symlink, not a file'],
  ['a link to a file of the host', (path) => symlinkSync('/etc/passwd', path), 'is a symlink, not a file'],
  ['a directory', (path) => mkdirSync(path), 'is a directory, not a file'],
  ['65 MiB', write(' '.repeat(65 * 2 ** 20)), `has ${65 * 2 ** 20} bytes, more than ${64 * 2 ** 20}`],
  ['half of a document', write('{"ok": tr'), 'is not a result'],
  ['another document', write([]), 'is not a result'],
  ['versions that are no texts', write({ ok: true, versions: { tar: {} } }), 'is not a result'],
  ['a failure without facts', write({ ok: false, failure: { headline: 'no' } }), 'is not a result'],
  [
    'a failure with a list as its hint',
    write({ ok: false, failure: { headline: 'no', facts: [], hint: [] } }),
    'is not a result',
  ],
])('a result that is %s fails the run', (_, act, problem) => {
  const failure = (): Failure => {
    try {
      return resultAfter(act) as never
    } catch (error) {
      return error as Failure
    }
  }
  expect(failure()).toMatchObject({
    headline: 'the producer exited before it finished',
    tail: 'what the producer printed',
    hint: `remove the code that writes ${NAME}, a file of lbuild`,
  })
  expect(failure().facts).toContainEqual(['result', `${NAME} ${problem}`])
})

it.each([
  ['exit code 0', /process\.exit/],
  ['SIGKILL', /killed the process/],
])('a missing result fails the run with the way in which it ended, and a hint: %s', (ended, hint) => {
  let failure: unknown
  try {
    resultAfter(() => {}, ended)
  } catch (error) {
    failure = error
  }
  expect(failure).toMatchObject({
    headline: 'the producer exited before it finished',
    facts: expect.arrayContaining([['ended with', ended]]) as unknown,
    hint: expect.stringMatching(hint) as unknown,
  })
})
