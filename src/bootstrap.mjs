// What the starter needs when there is no compiled lbuild for these sources. Plain JavaScript: it runs before the compiler.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Script } from 'node:vm'

/**
 * Compiles lbuild into `cache/lbuild/`, installing its libraries first where they are not there.
 * @param {string} home where lbuild lies
 * @returns {Promise<string>} the directory of the compiled program
 */
export async function compile(home) {
  if (!existsSync(`${home}/node_modules/esbuild`)) install(home)
  const { build } = await import('esbuild')
  const before = Date.now()
  // The program is CommonJS in one file: that starts fastest. The child is a module, as the distro's code is.
  const [main, child] = await Promise.all([
    build({
      ...options(home, 'src/cli/main.ts'),
      format: 'cjs',
      outExtension: { '.js': '.cjs' },
      supported: { 'dynamic-import': false },
    }),
    build({
      ...options(home, 'src/run/child.ts'),
      format: 'esm',
      outExtension: { '.js': '.mjs' },
      banner: REQUIRE,
    }),
  ])
  const outputFiles = [...main.outputFiles, ...child.outputFiles]
  const inputs = new Set([...Object.keys(main.metafile.inputs), ...Object.keys(child.metafile.inputs)])
  const digest = createHash('sha256')
  for (const { path, contents } of outputFiles) digest.update(path).update(contents)
  const directory = `${home}/cache/lbuild/${digest.digest('hex').slice(0, 16)}`
  if (!existsSync(directory)) write(directory, outputFiles)
  const files = [...inputs].map((path) => [resolve(home, path), stateOf(resolve(home, path), before)])
  const manifest = `${home}/cache/lbuild/manifest.json`
  const temporary = `${manifest}.tmp-${process.pid}`
  writeFileSync(temporary, JSON.stringify({ node: process.version, home, directory, files }))
  renameSync(temporary, manifest)
  return directory
}

/** Libraries that are not modules ask for `require`. */
const REQUIRE = {
  js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);",
}

const options = (home, entry) => ({
  absWorkingDir: home,
  entryPoints: [entry],
  outdir: 'cache/lbuild/out',
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node20',
  external: ['esbuild'],
  metafile: true,
  write: false,
  logLevel: 'error',
})

/** The state of a source as the starter compares it; a file that is newer than the compilation matches nothing. */
function stateOf(path, before) {
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(path)
  return ctimeMs >= before - 20 ? 'young' : `${ino}.${size}.${mtimeMs}.${ctimeMs}`
}

function write(directory, outputFiles) {
  const temporary = `${directory}.tmp-${process.pid}`
  mkdirSync(temporary, { recursive: true })
  for (const { path, contents } of outputFiles)
    writeFileSync(`${temporary}/${path.slice(path.lastIndexOf('/') + 1)}`, contents)
  const program = `(function (exports, require, module, importModule) {${readFileSync(`${temporary}/main.cjs`, 'utf8')}\n})`
  writeFileSync(`${temporary}/main.cjs`, program)
  writeFileSync(`${temporary}/main.cjs.cache`, new Script(program).createCachedData())
  try {
    renameSync(temporary, directory)
  } catch (error) {
    rmSync(temporary, { recursive: true })
    if (!existsSync(directory)) throw error
  }
}

function install(home) {
  const locked = JSON.parse(readFileSync(`${home}/package.json`, 'utf8'))
  process.stderr.write(`installing the libraries of ${locked.name} ${locked.version} (npm ci) …\n`)
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: home,
    stdio: ['ignore', 2, 2],
  })
}
