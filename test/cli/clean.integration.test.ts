// Tests the question of `lbuild clean --all` in a terminal.
import { expect, it } from 'vitest'
import { Terminal } from '../support/terminal.ts'
import { builtTiny } from '../support/tiny.ts'

const built = builtTiny()

const QUESTION = '[y/N] '

it('clean --all removes nothing at Ctrl-C, and leaves the cursor at the start of a line', async () => {
  const workspace = built()
  const terminal = Terminal.running(workspace, 'clean', '--all')
  await terminal.shows(QUESTION)
  terminal.press('\u0003')
  await terminal.ended()
  const after = terminal.text.slice(terminal.text.indexOf(QUESTION) + QUESTION.length)
  expect(after).toMatch(/^\S*\r*\ncode 130\r\n/)
  expect(workspace.exists('cache/objects')).toBe(true)
  await workspace.succeed('status', '--check')
})

it.each([
  ['y', false],
  ['n', true],
  ['', true],
])("clean --all after the answer '%s': the store remains: %s", async (answer, remains) => {
  const workspace = built()
  const terminal = Terminal.running(workspace, 'clean', '--all')
  await terminal.shows(QUESTION)
  terminal.type(answer)
  await terminal.ended()
  expect(workspace.exists('cache/objects')).toBe(remains)
})
