// The compiled program lies in the cache as well: a damaged file of it is compiled again and never run.
// Damage to the compiled program in the cache of a checkout.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { temporaryDirectory } from '../support/temporary.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url))

/** The starter with a program so small that compiling it takes no time. */
function smallHome(): string {
  const home = temporaryDirectory()
  for (const name of ['package.json', 'src/bootstrap.mjs', 'src/starter.cjs'])
    fs.cpSync(`${HOME}/${name}`, `${home}/${name}`)
  for (const [path, code] of Object.entries({
    'src/cli/main.ts': `export async function main({ onNothingToDo }: { onNothingToDo: () => void }): Promise<void> {
      console.log('the program')
      onNothingToDo()
    }
`,
    'src/cli/configProgram.ts': "console.log('the config')\n",
    'src/sandbox/child.ts': "console.log('the child')\n",
    'src/report/page/page.ts': "console.log('the page')\n",
    'src/report/page/page.css': 'body { color: black }\n',
  })) {
    fs.mkdirSync(dirname(`${home}/${path}`), { recursive: true })
    fs.writeFileSync(`${home}/${path}`, code)
  }
  fs.symlinkSync(`${HOME}/node_modules`, `${home}/node_modules`)
  return home
}

const run = (home: string): string =>
  execFileSync(process.execPath, [`${home}/src/starter.cjs`, 'status'], { encoding: 'utf8' })

const compiledFiles = (home: string): string[] =>
  fs
    .readdirSync(`${home}/cache/lbuild`, { recursive: true, encoding: 'utf8' })
    .map((name) => `${home}/cache/lbuild/${name}`)
    .filter((path) => fs.statSync(path).isFile())
    .sort()

it('compiles a cut, flipped or deleted file of the program again, to the same bytes', () => {
  const home = smallHome()
  const said = run(home)
  expect(said).toBe('the program\n')
  const files = compiledFiles(home)
  expect(files.map((path) => path.slice(path.lastIndexOf('/') + 1))).toEqual([
    'child.cjs',
    'childProgram.cjs',
    'childProgram.cjs.cache',
    'configProgram.cjs',
    'configProgram.cjs.cache',
    'main.cjs',
    'main.cjs.cache',
    'main.cjs.warm',
    'page.css',
    'page.js',
    'manifest.json',
  ])
  for (const path of files) {
    const whole = fs.readFileSync(path)
    const flipped = Buffer.from(whole)
    flipped[whole.length >> 1] = flipped[whole.length >> 1]! ^ 1
    for (const content of [whole.subarray(0, whole.length >> 1), flipped, undefined]) {
      if (content) fs.writeFileSync(path, content)
      else fs.unlinkSync(path)
      expect(run(home)).toBe(said)
      if (!/cache$|warm$|json$/.test(path)) expect(fs.readFileSync(path)).toEqual(whole)
    }
  }
  expect(compiledFiles(home)).toEqual(files)
})
