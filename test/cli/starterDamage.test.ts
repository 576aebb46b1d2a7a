import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'

// The compiled program lies in the cache, too: what is damaged there is made anew, never run.

const HOME = fileURLToPath(new URL('../..', import.meta.url))

function copiedHome(): string {
  const home = temporaryDirectory()
  for (const name of ['lbuild', 'src', 'package.json'])
    fs.cpSync(`${HOME}/${name}`, `${home}/${name}`, { recursive: true, verbatimSymlinks: true })
  fs.symlinkSync(`${HOME}/node_modules`, `${home}/node_modules`)
  return home
}

const version = (home: string): string =>
  execFileSync(process.execPath, [`${home}/lbuild`, '--version'], { encoding: 'utf8' })

const compiledFiles = (home: string): string[] =>
  fs
    .readdirSync(`${home}/cache/lbuild`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${home}/cache/lbuild/${name}`)
    .filter((path) => fs.statSync(path).isFile())
    .sort()

it('a compiled file that was cut, flipped or taken away is made anew, with the same bytes', () => {
  const home = copiedHome()
  const said = version(home)
  const files = compiledFiles(home)
  expect(files.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual([
    'child.mjs',
    'main.cjs',
    'main.cjs.cache',
    'manifest.json',
  ])
  for (const path of files) {
    const whole = fs.readFileSync(path)
    const flipped = Buffer.from(whole)
    flipped[whole.length >> 1] = flipped[whole.length >> 1]! ^ 1
    for (const content of [whole.subarray(0, whole.length >> 1), flipped, undefined]) {
      if (content) fs.writeFileSync(path, content)
      else fs.unlinkSync(path)
      expect(version(home)).toBe(said)
      if (!/cache$|json$/.test(path)) expect(fs.readFileSync(path)).toEqual(whole)
    }
  }
  expect(compiledFiles(home)).toEqual(files)
})
