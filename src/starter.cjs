#!/usr/bin/env sh
':' //; read -r LBUILD_STARTED < /proc/$$/stat; export LBUILD_STARTED; exec node "$0" "$@"
// Starts lbuild: the compiled program of an installed package, or of a checkout, where changed sources are compiled first.
'use strict'
// Every Node.js since 10 can parse this file, so that an old one prints which version is needed.
const NEEDED = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  fail(`lbuild needs Node.js ${NEEDED.join('.')} or newer; this is ${process.version}`)
}

const fs = require('fs')
const { createRequire } = require('module')
const { basename, dirname, isAbsolute, resolve } = require('path')
const { Script } = require('vm')

/** The signals that ask a process to end, by number (signal(7)). */
const ENDING = [
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGQUIT', 3],
  ['SIGTERM', 15],
]

/**
 * Ignores the signals that whoever started lbuild ignored, such as SIGHUP under nohup(1), and returns their names. Node.js resets them when it
 * starts. So the second line of this file is run by sh, which hands on its /proc/PID/stat: the process becomes Node.js and keeps its id.
 */
function ignoreAgain() {
  const [, id, fields = ''] = /^(\d+) .*\) (.*)/.exec(process.env.LBUILD_STARTED || '') || []
  delete process.env.LBUILD_STARTED
  // The field sigignore of proc_pid_stat(5); `fields` begins with the third one.
  const mask = Number(id) === process.pid ? Number(fields.split(' ')[33 - 3]) : 0
  const ignored = ENDING.filter(([, number]) => mask & (1 << (number - 1))).map(([name]) => name)
  for (const name of ignored) process.on(name, () => {})
  return ignored
}

/** Ends the process with a message in the form of a Failure, whose code is not loaded yet; with --json also as a document. */
function fail(headline, hint) {
  if (process.argv.includes('--json')) {
    const failure = { headline, facts: [], hint }
    process.stdout.write(`${JSON.stringify({ schemaVersion: 2, failure, exitCode: 2 }, undefined, 2)}\n`)
  }
  process.stderr.write(`error: ${headline}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`)
  process.exit(2)
}

/** The current directory. Ends the process if it was removed. */
function currentDirectory() {
  try {
    return process.cwd()
  } catch {
    return fail('the current directory was removed', 'change to a directory that exists')
  }
}

const ignoredSignals = ignoreAgain()
const cwd = currentDirectory()
const home = dirname(__dirname)
const elsewhere = process.env.LBUILD_CACHE_DIR
/** Whether another lbuild asks this one to evaluate a config: a smaller program does that, because it starts faster. */
const evaluatesConfig = process.argv[2] === '--evaluate-config'

/**
 * The directory for the compiled program in a cache. Several users and versions of lbuild may share LBUILD_CACHE_DIR, so there each has a
 * directory of its own: nobody runs what another user compiled.
 */
function programsIn(cache) {
  return elsewhere
    ? `${cache}/lbuild/${process.geteuid()}${home.replace(/[^A-Za-z0-9.]/g, '_').slice(-200)}`
    : `${cache}/lbuild`
}

/** The format of the compiled program and its manifest. */
const FORMAT = 3

/** The state of a file on disk: while it stands, the file has not changed. */
function stateOf(path) {
  const { ino, size, mtimeMs, ctimeMs } = fs.lstatSync(path)
  return `${ino}.${size}.${mtimeMs}.${ctimeMs}`
}

/** Reads a manifest of this lbuild and this Node.js; undefined if one of the files that it names has changed. */
function readManifest(path) {
  try {
    const manifest = JSON.parse(fs.readFileSync(path, 'utf8'))
    const isCurrent =
      (!elsewhere || fs.lstatSync(path).uid === process.geteuid()) &&
      manifest.format === FORMAT &&
      manifest.node === process.version &&
      manifest.home === home &&
      manifest.files.every((file) => stateOf(file[0]) === file[1])
    return isCurrent ? manifest : undefined
  } catch {
    return undefined
  }
}

/** Writes a file so that another lbuild sees all of it or nothing. */
function replace(path, content) {
  const temporary = `${path}.tmp-${process.pid}`
  fs.writeFileSync(temporary, content)
  fs.renameSync(temporary, path)
}

/**
 * Loads the program: one function in ASCII, with the code that V8 cached for it (v8.dev/blog/code-caching), if there is any. A script with
 * cached code cannot call import(), so the starter passes its own import() as an argument. Its require() loads libraries from lbuild's
 * `node_modules`, because the program may be in another directory.
 */
function load(file, cachedData) {
  const program = { exports: {} }
  const script = new Script(fs.readFileSync(file, 'latin1'), {
    filename: `lbuild/${basename(file)}`,
    cachedData,
  })
  script.runInThisContext()(program.exports, createRequire(__filename), program, (address) => import(address))
  return { script, main: program.exports.main }
}

/** Runs the program that evaluates a config, with the code that V8 cached when the program was compiled, if there is any. */
function runConfigProgram(directory) {
  const file = `${directory}/configProgram.cjs`
  const cached = `${file}.cache`
  return load(file, fs.existsSync(cached) ? fs.readFileSync(cached) : undefined).main()
}

/**
 * Runs the program and keeps the code that V8 compiled for it: after any run if there is none yet, and once more after the first build with
 * nothing to do. That one loads the least, so from then on it starts fastest.
 */
async function run({ script, main }, code, { cached, isWarm }, keep) {
  let hasNothingToDo = false
  const argv = process.argv.slice(2)
  await main({ home, code, argv, ignoredSignals, onNothingToDo: () => (hasNothingToDo = true) })
  if (hasNothingToDo ? isWarm : cached) return
  try {
    keep(script.createCachedData(), hasNothingToDo)
  } catch {
    // Where the cache cannot be written, the next run compiles again.
  }
}

/** Writes compiled code to a file, and then a manifest that names it. */
function keepCode(path, manifest, cached, data, isWarm) {
  replace(cached, data)
  const files = [...manifest.files.filter(([file]) => file !== cached), [cached, stateOf(cached)]]
  replace(path, JSON.stringify({ ...manifest, cached, isWarm, files }))
}

/** Node.js imports no path with a backslash, except through a link, such as that of an open directory. */
const addressOfBootstrap = () =>
  __dirname.includes('\\') ? `/proc/self/fd/${fs.openSync(__dirname)}/bootstrap.mjs` : './bootstrap.mjs'

/** Runs the program of a checkout from `cache/lbuild/`. */
async function startCheckout() {
  const cache = programsIn(elsewhere && isAbsolute(elsewhere) ? elsewhere : `${home}/cache`)
  const path = `${cache}/manifest.json`
  const manifest = readManifest(path) || (await (await import(addressOfBootstrap())).compile(home, cache))
  const { directory, cached } = manifest
  if (evaluatesConfig) return runConfigProgram(directory)
  const program = load(`${directory}/main.cjs`, fs.readFileSync(cached))
  await run(program, directory, manifest, (data, isWarm) =>
    keepCode(path, manifest, `${directory}/main.cjs.warm`, data, isWarm),
  )
}

/** Runs the program of a package. Its compiled code lies in the cache of the workspace, because a package never writes into itself. */
async function startPackage() {
  const code = `${home}/dist/program`
  if (evaluatesConfig) return runConfigProgram(code)
  const file = `${code}/main.cjs`
  const cache = cacheOfWorkspace()
  const programs = programsIn(cache)
  const path = `${programs}/program.json`
  const manifest = readManifest(path) || { format: FORMAT, node: process.version, home, files: [] }
  const program = load(file, manifest.cached && fs.readFileSync(manifest.cached))
  await run(program, code, manifest, (data, isWarm) => {
    if (!cache || !fs.existsSync(cache)) return
    fs.mkdirSync(dirname(path), { recursive: true })
    const current = { ...manifest, files: [[file, stateOf(file)]] }
    keepCode(
      path,
      current,
      `${programs}/program-${process.version}.${isWarm ? 'warm' : 'cache'}`,
      data,
      isWarm,
    )
  })
}

/** The cache of the workspace at or above the current directory; undefined outside of a workspace. */
function cacheOfWorkspace() {
  if (elsewhere && isAbsolute(elsewhere)) return elsewhere
  for (let directory = cwd; ; directory = dirname(directory)) {
    if (fs.existsSync(`${directory}/build.config.ts`)) return resolve(directory, elsewhere || 'cache')
    if (directory === dirname(directory)) return undefined
  }
}

if (fs.existsSync(`${__dirname}/bootstrap.mjs`)) startCheckout()
else startPackage()
