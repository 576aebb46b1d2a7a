// Tests what users see of an error that is no Failure.
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { reportedFailure } from '../../src/cli/reportFailure.ts'
import { temporaryDirectory } from '../support/temporary.ts'

/** The error of opening a path. */
function errorOf(path: string): unknown {
  try {
    return closeSync(openSync(path, 'r'))
  } catch (error) {
    return error
  }
}

describe('an error of the operating system', () => {
  it('names the highest directory that was removed', () => {
    const workspace = `${temporaryDirectory()}/workspace`
    mkdirSync(`${workspace}/cache/work`, { recursive: true })
    rmSync(workspace, { recursive: true })
    expect(reportedFailure(errorOf(`${workspace}/cache/work/log`))).toMatchObject({
      headline: 'a directory that lbuild uses does not exist any more',
      facts: [['directory', workspace]],
      hint: expect.stringContaining('create it again'),
    })
  })

  it('names the current directory if that was removed', () => {
    const error = Object.assign(new Error('ENOENT: no such file or directory, uv_cwd'), {
      code: 'ENOENT',
      syscall: 'uv_cwd',
    })
    expect(reportedFailure(error)).toMatchObject({
      headline: 'a directory that lbuild uses does not exist any more',
      facts: [['directory', process.env['PWD'] ?? '.']],
    })
  })

  it('names the path if only that is missing', () => {
    const path = `${temporaryDirectory()}/note`
    expect(reportedFailure(errorOf(path)).facts).toContainEqual(['path', path])
  })
})
