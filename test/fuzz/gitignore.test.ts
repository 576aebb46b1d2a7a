// Compares what trees leave out with what git ignores, after random edits, with one stat index for all of them.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { dirname } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fingerprintTree, parseListing } from '../../src/fingerprint/tree.ts'
import { StatIndex } from '../../src/fingerprint/statIndex.ts'
import { realDisk } from '../../src/platform/disk.ts'
import { toRawPath } from '../../src/platform/rawPath.ts'
import { MEMORY_PARENT } from '../support/temporary.ts'
import { checkProperty, SEED } from './support/bounds.ts'

/** The directory of the tree, relative to the workspace. */
const TREE = 'top/tree'

/** Git reads no settings of the host. */
const GIT = { PATH: process.env['PATH'], HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1' }

const PATTERNS = [
  'a',
  '/a',
  'a/',
  'b',
  '!b',
  '!b/',
  '*',
  '!*',
  '!*/',
  '*/',
  '*.o',
  '!*.o',
  '!x.o',
  '?',
  '[ab]',
  '[!a]',
  '\\a',
  'a/b',
  '/a/*',
  '!/a/b',
  '**/b',
  'a/**',
  '!a/**',
  'a/**/x.o',
  '**',
  'tree/a',
  'top/tree/b',
  '!top/tree/b/',
  '.gitignore',
  '!.gitignore',
  '# a',
  '\\#a',
  ' a',
  'b ',
  'B',
  'top',
  'tree',
  '!tree',
  '',
  'x.o\r',
  'é',
  '\ufeffa',
]

const NAMES = ['a', 'b', 'x.o', '#a', 'é']
const DIRECTORIES = ['', 'a', 'b', 'a/b', 'b/a', 'a/b/a', 'x.o']

type Edit = readonly ['rules' | 'file' | 'remove' | 'link', directory: string, name: string, content: string]

const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(
    fc.constant('rules' as const),
    fc.constantFrom('..', '../..', ...DIRECTORIES),
    fc.constant('.gitignore'),
    fc.array(fc.constantFrom(...PATTERNS), { maxLength: 4 }).map((lines) => lines.join('\n')),
  ),
  fc.tuple(
    fc.constantFrom('file' as const, 'file' as const, 'remove' as const, 'link' as const),
    fc.constantFrom(...DIRECTORIES),
    fc.constantFrom(...NAMES),
    fc.constantFrom('1', '2'),
  ),
)

/** Applies an edit, if nothing is in its way. */
function apply(tree: string, [kind, directory, name, content]: Edit): void {
  const path = `${tree}/${directory}/${name}`
  try {
    if (kind === 'remove') return fs.rmSync(path, { recursive: true, force: true })
    fs.mkdirSync(dirname(path), { recursive: true })
    if (kind === 'link') fs.symlinkSync('nowhere', path)
    else fs.writeFileSync(path, content)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
  }
}

/** Waits until the clock that stamps files advances, so that the next edit gets another time. */
function nextTick(probe: string): void {
  const stamp = (): bigint => {
    fs.writeFileSync(probe, '')
    return fs.statSync(probe, { bigint: true }).ctimeNs
  }
  for (const first = stamp(); stamp() === first;);
}

const git = (cwd: string, ...args: readonly string[]): string =>
  execFileSync('git', ['-c', 'core.excludesFile=', ...args], { cwd, env: GIT, encoding: 'utf8' })

/** A clock that is ahead, so that the index trusts the state of every file: {@link nextTick} makes that safe. */
const now = (): bigint => BigInt(Date.now() + 60_000) * 1_000_000n

/** The files of the tree that git does not ignore; if it ignores the tree itself, by the rules inside alone. */
function notIgnored(root: string): readonly string[] {
  const list = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const texts = isIgnored(root)
    ? git(`${root}/work/${TREE}`, `--git-dir=${root}/inside.git`, `--work-tree=${root}/work/${TREE}`, ...list)
    : git(`${root}/work/${TREE}`, ...list)
  return texts.split('\0').filter(Boolean).map(toRawPath).sort()
}

/** Whether git ignores the tree or a directory above it. */
function isIgnored(root: string): boolean {
  try {
    return git(`${root}/work`, 'check-ignore', TREE) !== ''
  } catch {
    return false
  }
}

it(`a tree contains what git does not ignore, whatever is edited (seed ${SEED})`, async () => {
  let trees = 0
  let files = 0
  await checkProperty(
    fc.array(edit, { minLength: 1, maxLength: 12 }),
    async (edits) => {
      const root = fs.realpathSync(fs.mkdtempSync(`${MEMORY_PARENT}/lbuild-gitignore-`))
      try {
        const tree = `${root}/work/${TREE}`
        fs.mkdirSync(tree, { recursive: true })
        git(`${root}/work`, 'init', '--quiet')
        git(root, 'init', '--quiet', '--bare', 'inside.git')
        const index = new StatIndex(realDisk, toRawPath(`${root}/index`), now)
        const exclusion = { top: toRawPath(`${root}/work`), exclude: [], gitignore: true }
        for (const one of edits) {
          apply(tree, one)
          const found = await fingerprintTree(realDisk, index, toRawPath(tree), now, exclusion)
          const listing = parseListing(await found.listing())
          const paths = listing.filter(([, type]) => type !== 'directory').map(([path]) => path)
          expect(paths.sort()).toEqual(notIgnored(root))
          trees += 1
          files += paths.length
          nextTick(`${root}/probe`)
        }
      } finally {
        fs.rmSync(root, { recursive: true, force: true })
      }
    },
    () => `${trees} trees with ${files} files`,
  )
  expect(files).toBeGreaterThan(0)
})
