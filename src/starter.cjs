#!/usr/bin/env node
// Starts lbuild: the compiled program of an installed package, or of a checkout, where changed sources are compiled first.
'use strict'
// Every Node.js since 10 can parse this file, so that an old one prints which version is needed.
const NEEDED = [20, 19]
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < NEEDED[0] || (major === NEEDED[0] && minor < NEEDED[1])) {
  process.stderr.write(
    `error: lbuild needs Node.js ${NEEDED.join('.')} or newer; this is ${process.version}\n`,
  )
  process.exit(2)
}

const fs = require('fs')
const { createRequire } = require('module')
const { dirname, resolve } = require('path')
const { Script } = require('vm')

const home = dirname(__dirname)
const elsewhere = process.env.LBUILD_CACHE_DIR

/** The format of the compiled program: since 2 it is ASCII. */
const FORMAT = 2

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
  const script = new Script(fs.readFileSync(file, 'latin1'), { filename: file, cachedData })
  script.runInThisContext()(program.exports, createRequire(__filename), program, (address) => import(address))
  return { script, main: program.exports.main }
}

const run = (main, code) => main({ home, code, argv: process.argv.slice(2) })

/** Runs the program of a checkout from `cache/lbuild/`. */
function startCheckout() {
  const cache = `${elsewhere ? resolve(elsewhere) : `${home}/cache`}/lbuild`
  const manifest = readManifest(`${cache}/manifest.json`)
  const start = (code) => run(load(`${code}/main.cjs`, fs.readFileSync(`${code}/main.cjs.cache`)).main, code)
  return manifest
    ? start(manifest.directory)
    : import('./bootstrap.mjs').then((bootstrap) => bootstrap.compile(home, cache)).then(start)
}

/** Runs the program of a package. Its cached code lies in the cache of the workspace, because a package never writes into itself. */
function startPackage() {
  const code = `${home}/dist/program`
  const file = `${code}/main.cjs`
  const cache = cacheOfWorkspace()
  const manifest = cache && readManifest(`${cache}/lbuild/program.json`)
  const program = load(file, manifest && fs.readFileSync(manifest.cached))
  const ended = run(program.main, code)
  return manifest ? ended : ended.then(() => cache && keepCachedCode(cache, file, program.script))
}

/** The cache of the workspace at or above the current directory; undefined outside of a workspace. */
function cacheOfWorkspace() {
  if (elsewhere) return resolve(elsewhere)
  for (let directory = process.cwd(); ; directory = dirname(directory)) {
    if (fs.existsSync(`${directory}/build.config.ts`)) return `${directory}/cache`
    if (directory === dirname(directory)) return undefined
  }
}

/** Saves what V8 compiled in this run. Where the cache cannot be written, the next run compiles again. */
function keepCachedCode(cache, file, script) {
  if (!fs.existsSync(cache)) return
  try {
    const cached = `${cache}/lbuild/program-${process.version}.cache`
    fs.mkdirSync(dirname(cached), { recursive: true })
    replace(cached, script.createCachedData())
    const files = [file, cached].map((path) => [path, stateOf(path)])
    replace(
      `${cache}/lbuild/program.json`,
      JSON.stringify({ format: FORMAT, node: process.version, home, cached, files }),
    )
  } catch {
    // Only time is lost.
  }
}

if (fs.existsSync(`${__dirname}/bootstrap.mjs`)) startCheckout()
else startPackage()
