// What the starter needs when there is no compiled lbuild for these sources. Plain JavaScript: it runs before the compiler.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Script } from 'node:vm'

/**
 * Compiles lbuild into `cache/lbuild/`, installing its libraries first where they are not there.
 * @param {string} home where lbuild lies
 * @returns {Promise<string>} the directory of the compiled program
 */
export async function compile(home) {
  const { dependencies } = packageOf(home)
  if (Object.keys(dependencies).some((name) => !existsSync(`${home}/node_modules/${name}`))) install(home)
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
      ...options(home, 'src/sandbox/child.ts'),
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
  write(directory, outputFiles)
  const files = [...inputs].map((path) => [resolve(home, path), stateOf(resolve(home, path), before)])
  for (const name of ['main.cjs', 'main.cjs.cache', 'child.mjs'])
    files.push([`${directory}/${name}`, stateOf(`${directory}/${name}`)])
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
  external: ['esbuild', 'tar-stream'],
  metafile: true,
  write: false,
  logLevel: 'error',
})

/** The state of a file as the starter compares it; a source that is newer than the compilation matches nothing. */
function stateOf(path, before = Number.POSITIVE_INFINITY) {
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(path)
  return ctimeMs >= before - 20 ? 'young' : `${ino}.${size}.${mtimeMs}.${ctimeMs}`
}

/** Writes the compiled program; what is there whole already is left alone, since another lbuild may be using it. */
function write(directory, outputFiles) {
  mkdirSync(directory, { recursive: true })
  const replace = (name, content) => {
    const temporary = `${directory}/${name}.tmp-${process.pid}`
    writeFileSync(temporary, content)
    renameSync(temporary, `${directory}/${name}`)
  }
  for (const { path, text } of outputFiles) {
    const name = path.slice(path.lastIndexOf('/') + 1)
    const program = name === 'main.cjs' && `(function (exports, require, module, importModule) {${text}\n})`
    const content = program || text
    if (!existsSync(`${directory}/${name}`) || readFileSync(`${directory}/${name}`, 'utf8') !== content)
      replace(name, content)
    if (program) replace(`${name}.cache`, new Script(program).createCachedData())
  }
}

const packageOf = (home) => JSON.parse(readFileSync(`${home}/package.json`, 'utf8'))

function install(home) {
  const locked = packageOf(home)
  process.stderr.write(`installing the libraries of ${locked.name} ${locked.version} (npm ci) …\n`)
  execFileSync('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: home,
    stdio: ['ignore', 2, 2],
  })
}
