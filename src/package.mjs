// Builds dist/, which a package holds: the library modules with their types, the program, the licences of bundled libraries.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { program } from './bootstrap.mjs'

const home = dirname(import.meta.dirname)
const dist = `${home}/dist`

rmSync(dist, { recursive: true, force: true })
execFileSync(
  process.execPath,
  [`${home}/node_modules/typescript-native/bin/tsc`, '-p', `${home}/tsconfig.package.json`],
  { stdio: 'inherit' },
)
nameCompiledModules()
const { files, inputs } = await program(home)
mkdirSync(`${dist}/program`)
for (const { name, text } of files) writeFileSync(`${dist}/program/${name}`, text)
writeFileSync(`${dist}/THIRD_PARTY_LICENSES`, licences(inputs))

/** Replaces `.ts` by `.js` in the imports of the .d.ts files; tsc does so only in .js files. */
function nameCompiledModules() {
  for (const name of readdirSync(dist, { recursive: true }).filter((path) => path.endsWith('.d.ts'))) {
    const text = readFileSync(`${dist}/${name}`, 'utf8')
    writeFileSync(`${dist}/${name}`, text.replaceAll(/((?:from |import\()'\.[^']*)\.ts'/g, "$1.js'"))
  }
}

/** The licence texts of the libraries that some bundled files belong to. Throws if a library has none. */
function licences(paths) {
  const libraries = paths.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? [])
  const sections = [...new Set(libraries)].sort().map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'))
    const file = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry))
    if (file === undefined) throw new Error(`${directory} has no licence text`)
    const text = readFileSync(`${directory}/${file}`, 'utf8').trim()
    return `${name} ${version} (${license})\n\n${text}\n`
  })
  return `The program of lbuild contains these libraries.\n\n${sections.join(`\n${'-'.repeat(80)}\n\n`)}`
}
