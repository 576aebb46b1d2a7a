// Compiles lbuild: into the cache of a checkout, and for a package. Plain JavaScript, because it runs before there is a compiler.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, resolve } from 'node:path'
import { Script } from 'node:vm'

/**
 * Compiles the sources of a checkout, and installs missing libraries first. Ends the process with a message and exit code 2
 * if files cannot be written.
 * @param {string} home the checkout
 * @param {string} cache the directory for compiled programs and their manifest
 * @returns {Promise<object>} the manifest of the compiled program
 */
export async function compile(home, cache) {
  try {
    installLibraries(home)
    return await compileInto(home, cache)
  } catch (error) {
    // Only an error of the system has the name of a call.
    if (error.syscall === undefined) throw error
    fail(
      `cannot write the compiled lbuild: ${error.code}`,
      cache,
      'set LBUILD_CACHE_DIR to a directory that you can write',
    )
  }
}

async function compileInto(home, cache) {
  const before = Date.now()
  const { files, inputs } = await program(home)
  const digest = createHash('sha256')
  for (const { name, text } of files) digest.update(name).update(text)
  const directory = `${cache}/${digest.digest('hex').slice(0, 16)}`
  for (const path of [cache, directory]) removeUnless(path, (stat) => !stat.isFile())
  const created = mkdirSync(directory, { recursive: true })
  shareWithGroup(created)
  if (created !== undefined) makeReadable(directory)
  for (const { name, text } of files) {
    // Another lbuild may be using a file that is whole.
    const path = `${directory}/${name}`
    removeUnless(path, (stat) => stat.isFile())
    if (!existsSync(path) || readFileSync(path, 'utf8') !== text) replace(path, text)
    if (PROGRAMS.includes(name))
      replace(
        `${directory}/${name}.cache`,
        new Script(text, { filename: `lbuild/${name}` }).createCachedData(),
      )
  }
  const sources = [...withoutLibraries(home, inputs), import.meta.filename]
  const states = sources.map((path) => [path, stateOf(path, before)])
  const written = [...files.map(({ name }) => name), ...PROGRAMS.map((name) => `${name}.cache`)]
  for (const name of written) states.push([`${directory}/${name}`, stateOf(`${directory}/${name}`)])
  const cached = `${directory}/main.cjs.cache`
  const manifest = { format: FORMAT, node: process.version, home, directory, cached, files: states }
  replace(`${cache}/manifest.json`, JSON.stringify(manifest))
  return manifest
}

/** Replaces the files of libraries by the file that npm rewrites with every installation, so that the starter checks fewer files. */
function withoutLibraries(home, paths) {
  const libraries = `${home}/node_modules/`
  const installation = `${libraries}.package-lock.json`
  if (!existsSync(installation)) return paths
  return [...paths.filter((path) => !path.startsWith(libraries)), installation]
}

/** The format of the compiled program and its manifest, as the starter expects it. */
const FORMAT = 3

/** The programs, each one function in one file because that starts fastest, in the order of their entry points. */
const PROGRAMS = ['main.cjs', 'configProgram.cjs', 'childProgram.cjs']

/**
 * Compiles the programs: `main.cjs`, `configProgram.cjs`, which evaluates a config, and `childProgram.cjs`, in which producers run, with
 * `child.cjs`, which starts it, and the script and the style of the report page, `page.js` and `page.css`.
 * @param {string} home the sources and their libraries
 */
export async function program(home) {
  // Not with import(), which finds no library if the path of the checkout has a backslash.
  const { build, stop } = createRequire(import.meta.filename)('esbuild')
  const entries = ['src/cli/main.ts', 'src/cli/configProgram.ts', 'src/sandbox/child.ts']
  const built = await Promise.all(entries.map((entry) => build(options(home, entry))))
  const page = await build(pageOptions(home))
  // Otherwise the process of esbuild runs as long as this one.
  await stop()
  const inputs = [...new Set([...built, page].flatMap(({ metafile }) => Object.keys(metafile.inputs)))]
  const texts = built.flatMap(({ outputFiles }) => outputFiles.map(functionOf))
  return {
    files: [
      ...PROGRAMS.map((name, position) => ({ name, text: texts[position] })),
      { name: 'child.cjs', text: CHILD_STARTER },
      ...page.outputFiles.map(({ path, text }) => ({ name: basename(path), text })),
    ],
    inputs: inputs.map((path) => resolve(home, path)),
  }
}

/** A program as one function, in ASCII: Node.js and V8 read such a file in half the time. */
const functionOf = ({ text }) =>
  `(function (exports, require, module, importModule) {${text}\n})`.replace(
    /[^\0-\x7f]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** Runs the program of producers with the code that V8 cached for it, if there is any, as the starter runs lbuild. */
const CHILD_STARTER = `'use strict'
const { existsSync, readFileSync } = require('fs')
const { Script } = require('vm')
const filename = \`\${__dirname}/childProgram.cjs\`
const cached = \`\${filename}.cache\`
const cachedData = existsSync(cached) ? readFileSync(cached) : undefined
const script = new Script(readFileSync(filename, 'latin1'), { filename: 'lbuild/childProgram.cjs', cachedData })
script.runInThisContext()({}, require, module, (address) => import(address))
`

const options = (home, entry) => ({
  absWorkingDir: home,
  entryPoints: [entry],
  outdir: 'out',
  bundle: true,
  format: 'cjs',
  supported: { 'dynamic-import': false },
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node20',
  // Every start reads the program, and these are rarely needed. Besides, tab has no licence text, which a bundle must contain.
  external: ['@bomb.sh/tab', 'acorn', 'acorn-walk', 'd3-dag', 'esbuild', 'tar-stream'],
  metafile: true,
  write: false,
  logLevel: 'error',
})

/** The report page runs in browsers that support nested CSS. */
const pageOptions = (home) => ({
  absWorkingDir: home,
  entryPoints: ['src/report/page/page.ts', 'src/report/page/page.css'],
  outdir: 'out',
  bundle: true,
  format: 'iife',
  minify: true,
  platform: 'browser',
  target: 'es2023',
  metafile: true,
  write: false,
  logLevel: 'error',
})

/** How long before the compilation a source must have changed, in milliseconds: clocks tick in steps, and so do file systems. */
const CLOCK_STEP = 20
/** The same where change times are in whole seconds; see src/fingerprint/fileState.ts. */
const COARSE_STEP = 2000

/**
 * Returns the state of a file in the format of the starter. For a source that may have changed after the compilation began, returns a
 * value that equals no state, so the next start compiles again.
 */
function stateOf(path, before = Number.POSITIVE_INFINITY) {
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(path)
  const settlesAfter = CLOCK_STEP + (ctimeMs % 1000 === 0 ? COARSE_STEP : 0)
  return ctimeMs >= before - settlesAfter ? 'young' : `${ino}.${size}.${mtimeMs}.${ctimeMs}`
}

/** Writes a file so that another lbuild sees all of it or nothing. */
function replace(path, content) {
  const temporary = `${path}.tmp-${process.pid}`
  writeFileSync(temporary, content)
  makeReadable(temporary)
  removeUnless(path, (stat) => stat.isFile())
  renameSync(temporary, path)
}

/** Lets every user read, whatever the umask: the producers of root are another user, and read the program that runs them. */
function makeReadable(path) {
  const { mode } = statSync(path)
  chmodSync(path, mode | (mode & 0o100 ? 0o55 : 0o44))
}

/** Lets the group of a shared directory write to a directory that was just created in it. */
function shareWithGroup(created) {
  if (created === undefined) return
  const { mode } = statSync(dirname(created))
  if ((mode & SHARED) === SHARED) chmodSync(created, mode & 0o7777)
}

/** The bits of a directory that a group shares (chmod(1)): new entries get its group, and its members may write. */
const SHARED = 0o2020

/** Removes what is at a path of the cache, and says so, unless it is of the expected type. */
function removeUnless(path, isExpected) {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (!stat || isExpected(stat)) return
  process.stderr.write(`warning: removing ${path}, because lbuild did not write it\n`)
  rmSync(path, { recursive: true })
}

/** Runs `npm ci` if a library is missing. Installs the development tools only if they are installed already. */
function installLibraries(home) {
  const { name, version, dependencies } = JSON.parse(readFileSync(`${home}/package.json`, 'utf8'))
  const isInstalled = (library) => existsSync(`${home}/node_modules/${library}`)
  if (Object.keys(dependencies).every(isInstalled)) return
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']
  if (!isInstalled('vitest')) args.push('--omit=dev')
  process.stderr.write(`installing the libraries of ${name} ${version} (npm ci) …\n`)
  try {
    execFileSync('npm', args, { cwd: home, stdio: ['ignore', 2, 2] })
  } catch {
    fail(
      'cannot install the libraries of lbuild',
      home,
      'run npm ci --omit=dev in that directory, as a user who can write to it',
    )
  }
}

/** Ends the process with a message in the form of a Failure, whose code is not compiled yet; with --json also as a document. */
function fail(headline, directory, hint) {
  if (process.argv.includes('--json')) {
    const failure = { headline, facts: [['directory', directory]], hint }
    process.stdout.write(`${JSON.stringify({ schemaVersion: 2, failure, exitCode: 2 }, undefined, 2)}\n`)
  }
  process.stderr.write(`error: ${headline}\n  directory: ${directory}\n  hint: ${hint}\n`)
  process.exit(2)
}
