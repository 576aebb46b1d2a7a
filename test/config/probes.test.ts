// Tests that the recorded probes notice every change after which an import resolves to another file.
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as fc from 'fast-check'
import { expect, it, onTestFinished } from 'vitest'
import type { Bundle } from '../../src/config/bundle.ts'
import { bundleConfig } from '../../src/config/bundle.ts'
import type { ProbeRecorder } from '../../src/config/probes.ts'
import { areUnmoved } from '../../src/config/sourceFiles.ts'
import type { Disk } from '../../src/platform/disk.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { sha256 } from '../../src/platform/digest.ts'
import { fromRawPath } from '../../src/platform/rawPath.ts'

const HOME = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Shows files that changed an hour earlier. While a directory is unchanged, its entries are not examined. */
const agedDisk: Disk = {
  ...realDisk,
  lstat(path) {
    const stat = realDisk.lstat(path)
    return stat && { ...stat, mtimeNs: stat.mtimeNs - HOUR_NS, ctimeNs: stat.ctimeNs - HOUR_NS }
  },
}
const HOUR_NS = 3_600_000_000_000n

const bundle = (root: string, disk: Disk): Promise<Bundle> =>
  bundleConfig(disk, {
    root,
    home: HOME,
    cache: `${root}/cache`,
    output: `${root}/output`,
  })

/** Whether a probe, or a file that decides resolution, changed. */
const isStale = (probes: ProbeRecorder, disk: Disk): boolean =>
  !areUnmoved(
    disk,
    probes.probes(() => false),
  ) ||
  probes.files.some(([path, digest]) => {
    const native = fromRawPath(path)
    return !fs.existsSync(native) || sha256(fs.readFileSync(native)) !== digest
  })

/** How the modules are linked: labels, and what each import resolves to. */
const linkage = ({ modules }: Bundle): unknown =>
  [...modules.values()].map(({ label, links }) => [label, links])

/** Writes a file, or a symbolic link if the content begins with `→`; removes it if there is no content. */
function put(root: string, path: string, content: string | undefined): void {
  const full = `${root}/${path}`
  fs.rmSync(full, { recursive: true, force: true })
  if (content === undefined) return
  for (let above = dirname(full); above !== root; above = dirname(above))
    if (fs.lstatSync(above, { throwIfNoEntry: false })?.isDirectory() === false) fs.rmSync(above)
  fs.mkdirSync(dirname(full), { recursive: true })
  if (content.startsWith('→')) fs.symlinkSync(content.slice(1), full)
  else fs.writeFileSync(full, content)
}

/** Imports of every kind. One that resolves to nothing stays in the bundle, because its failure is caught. */
const CONFIG = [
  './lib',
  './sub/lib.js',
  './cur/v.ts',
  'p',
  'p/a',
  'p/deep',
  'p/dir/a',
  '@s/q',
  '#x',
  '#y',
  'self/z',
  './dir/',
  'lbuild',
]
  .map((name) => `try { require('${name}') } catch {}`)
  .join('\n')

const SCRIPT = 'exports.value = 1\n'
const path = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        'lib',
        'sub/lib',
        'dir/index',
        'dir',
        'lib/index',
        'lib/main',
        'cur/v',
        'v1/v',
        'z',
        'x',
      ),
      fc.constantFrom('', '.ts', '.js', '.tsx', '.json', '.mjs', '/index.js'),
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      fc.constantFrom('node_modules/p', 'node_modules/@s/q', 'sub/node_modules/p', 'store/p'),
      fc.constantFrom(
        '/index.js',
        '/a.js',
        '/a.ts',
        '/a/index.js',
        '/b.js',
        '/b.ts',
        '/deep.js',
        '/deep/main.js',
        '.js',
      ),
    )
    .map((parts) => parts.join('')),
)
const link = fc.tuple(
  fc.constantFrom('cur', 'lib.ts', 'node_modules', 'node_modules/p', 'v1', 'dir', 'z.ts'),
  fc.constantFrom('→v1', '→v2', '→store', '→../store/p', '→lib', '→./sub/../lib.js', '→nowhere', '→cur'),
)
const manifest = fc.tuple(
  fc.constantFrom(
    'package.json',
    'node_modules/p/package.json',
    'lib/package.json',
    'store/p/package.json',
    'sub/package.json',
  ),
  fc
    .record(
      {
        name: fc.constantFrom('self', 'p'),
        type: fc.constantFrom('module', 'commonjs'),
        main: fc.constantFrom('./main', 'b.js', './a', 'deep', '.'),
        module: fc.constantFrom('./b.js', './a.js'),
        exports: fc.constantFrom(
          './b.js',
          { '.': './a.js', './a': './b.js' },
          { './*': './*.js' },
          {
            './deep': { import: './a.js', require: './b.js' },
          },
          { './z': './z.ts' },
          { './dir/': './deep/', './dir/a': './a.js' },
        ),
        imports: fc.constantFrom({ '#x': './x.ts' }, { '#x': 'p/a', '#y': './z.js' }, { '#y': '@s/q' }),
        sideEffects: fc.constant(false),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value)),
)
const change = fc.oneof(
  { arbitrary: fc.tuple(path, fc.constantFrom(SCRIPT, undefined)), weight: 3 },
  { arbitrary: manifest, weight: 2 },
  { arbitrary: link, weight: 2 },
)

it('a change after which an import resolves to another file changes a probe', async () => {
  let moved = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(realDisk, agedDisk),
      fc.array(change, { maxLength: 12 }),
      fc.array(change, { minLength: 1, maxLength: 2 }),
      async (disk, before, after) => {
        const root = fs.realpathSync(fs.mkdtempSync('/tmp/lbuild-probes-'))
        try {
          put(root, 'build.config.ts', CONFIG)
          const attempt = (changes: typeof before): void => {
            for (const [one, content] of changes)
              try {
                put(root, one, content)
              } catch (error) {
                if (!(error instanceof Error && 'code' in error)) throw error
              }
          }
          attempt(before)
          const first = await bundle(root, disk).catch(() => undefined)
          if (!first) return
          const probes = first.recordProbes()
          attempt(after)
          const second = await bundle(root, disk).catch(() => undefined)
          const changed = JSON.stringify(second && linkage(second)) !== JSON.stringify(linkage(first))
          if (changed) moved += 1
          if (changed) expect(isStale(probes, disk)).toBe(true)
        } finally {
          fs.rmSync(root, { recursive: true, force: true })
        }
      },
    ),
    { numRuns: 400 },
  )
  expect(moved).toBeGreaterThan(3)
}, 120_000)

it.each([
  ['above lbuild', dirname(HOME), true],
  ['of the workspace', undefined, false],
])('a directory %s that changes all the time: the records are settled: %s', async (_, changing, settled) => {
  const root = fs.realpathSync(fs.mkdtempSync(`${tmpdir()}/lbuild-probes-`))
  onTestFinished(() => fs.rmSync(root, { recursive: true }))
  fs.writeFileSync(
    `${root}/build.config.ts`,
    `import { defineConfig } from 'lbuild'\nexport default defineConfig({ artifacts: [] })\n`,
  )
  const restless: Disk = {
    ...agedDisk,
    lstat(path) {
      const stat = agedDisk.lstat(path)
      const now = BigInt(Date.now() + 1000) * 1_000_000n
      return stat && path === (changing ?? root) ? { ...stat, mtimeNs: now, ctimeNs: now } : stat
    },
  }
  const { recordProbes } = await bundle(root, restless)
  expect(recordProbes().settled).toBe(settled)
})
