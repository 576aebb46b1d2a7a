// Decides which entries of a tree are left out: by the declaration, by .gitignore files, and by default.
import createRules from 'ignore'
import type { Ignore } from 'ignore'
import type { Digest } from '../platform/digest.ts'
import { sha256 } from '../platform/digest.ts'
import type { Disk } from '../platform/disk.ts'
import type { RawPath } from '../platform/rawPath.ts'
import { display, toRawPath } from '../platform/rawPath.ts'
import type { Exclusion } from './exclusionState.ts'
import { directoriesAbove, rulesDigest } from './exclusionState.ts'
import { GITIGNORE, inside, unreadable } from './treeWalk.ts'

/** Git's own directory, and what editors write beside a file: vim, Emacs, Kate, GIO and JetBrains. */
const DEFAULT_PATTERNS = [
  '.git',
  '*~',
  '.*.sw[a-p]',
  '.sw[a-p]',
  '.#*',
  '\\#*#',
  '.*.kate-swp',
  '.goutputstream-*',
  '*___jb_tmp___',
  '*___jb_old___',
]

/** The rule that leaves out an entry. */
export interface ExclusionRule {
  /** Where it is: `files/.gitignore line 3`, `the declaration` or `the default`. */
  readonly source: string
  readonly pattern: string
}

/** The patterns of one source. They hold for paths below `base`, which is relative to the root of the workspace. */
interface Level {
  readonly base: RawPath
  readonly source: string
  readonly rules: Ignore
}

/**
 * The rules of one tree, as they are now. They match bytes, as git does, and respect case. Of several sources, the first one
 * with a pattern for a path decides: the declaration, the nearest .gitignore file, those above it, the defaults.
 */
export class TreeRules {
  readonly #disk: Disk
  readonly #exclusion: Exclusion
  /** The path of the tree, relative to the root of the workspace. */
  readonly #place: RawPath
  /** For each directory the rules of its entries, by its path in the tree. */
  readonly #levels = new Map<RawPath, readonly Level[]>()
  /** The digests of the .gitignore files that were read, by their absolute paths. */
  readonly #read = new Map<RawPath, Digest>()

  constructor(disk: Disk, root: RawPath, exclusion: Exclusion) {
    this.#disk = disk
    this.#exclusion = exclusion
    this.#place = root.slice(exclusion.top.length + 1)
  }

  /** The digest of the .gitignore files that were read until now. */
  digest(): Digest {
    return rulesDigest(this.#read)
  }

  /** The rule that leaves out an entry, of which no directory above is left out; undefined if the tree contains it. */
  ruleFor(path: RawPath, isDirectory: boolean): ExclusionRule | undefined {
    const at = path.lastIndexOf('/')
    return decide(this.#levelsIn(at === -1 ? '' : path.slice(0, at)), this.#placed(path), isDirectory)
  }

  /** The rule that leaves out a path or a directory above it. */
  ruleAbove(path: RawPath, isDirectory: boolean): ExclusionRule | undefined {
    for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
      const rule = this.ruleFor(path.slice(0, at), true)
      if (rule) return rule
    }
    return this.ruleFor(path, isDirectory)
  }

  #placed(path: RawPath): RawPath {
    return path === '' ? this.#place : `${this.#place}/${path}`
  }

  #levelsIn(directory: RawPath): readonly Level[] {
    const known = this.#levels.get(directory)
    if (known) return known
    const at = directory.lastIndexOf('/')
    const above =
      directory === '' ? this.#levelsAbove() : this.#levelsIn(at === -1 ? '' : directory.slice(0, at))
    const levels = this.#enter(above, this.#placed(directory))
    this.#levels.set(directory, levels)
    return levels
  }

  /** The rules from outside the tree. A tree that these leave out was declared nevertheless, so they do not apply to it. */
  #levelsAbove(): readonly Level[] {
    const { exclude } = this.#exclusion
    const own = level(this.#place, 'the declaration', exclude.map(toRawPath))
    const defaults = this.#exclusion.gitignore ? DEFAULT_PATTERNS : []
    const none = [own, level(this.#place, 'the default', defaults)]
    let levels: readonly Level[] = none
    let isLeftOut = false
    for (const directory of directoriesAbove(this.#place)) {
      isLeftOut ||= directory !== '' && decide(levels, directory, true) !== undefined
      levels = this.#enter(levels, directory)
    }
    return isLeftOut || decide(levels, this.#place, true) ? none : levels
  }

  /** The rules of a directory's entries: those that hold for the directory, and those of its .gitignore file. */
  #enter(levels: readonly Level[], directory: RawPath): readonly Level[] {
    const here = levels.map((one) => reopened(one, directory))
    const [own, ...others] = here
    const text = this.#gitignoreOf(directory)
    if (own === undefined || text === undefined) return here
    // Git skips a byte order mark.
    const lines = text.replace(/^\xef\xbb\xbf/, '').split('\n')
    const source = display(directory === '' ? GITIGNORE : `${directory}/${GITIGNORE}`)
    return [own, level(directory, source, lines), ...others]
  }

  #gitignoreOf(directory: RawPath): RawPath | undefined {
    if (!this.#exclusion.gitignore) return undefined
    const path = `${inside(this.#exclusion.top, directory)}/${GITIGNORE}`
    // Git does not follow a link here.
    if (this.#disk.lstat(path)?.type !== 'file') return undefined
    try {
      const content = this.#disk.readFile(path)
      this.#read.set(path, sha256(content))
      return content.toString('latin1')
    } catch (error) {
      throw unreadable(path, error)
    }
  }
}

const level = (base: RawPath, source: string, patterns: readonly RawPath[]): Level => ({
  base,
  source,
  rules: rulesOf(patterns.map((pattern, at) => ({ pattern, mark: `${at + 1}` }))),
})

const rulesOf = (patterns: Parameters<Ignore['add']>[0]): Ignore =>
  createRules({ ignorecase: false }).add(patterns)

function decide(levels: readonly Level[], path: RawPath, isDirectory: boolean): ExclusionRule | undefined {
  for (const { base, source, rules } of levels) {
    const below = relativeTo(base, path)
    if (below === undefined) continue
    const { ignored, unignored, rule } = rules.test(isDirectory ? `${below}/` : below)
    if (unignored) return undefined
    if (!ignored) continue
    const line = source.endsWith(GITIGNORE) && rule?.mark !== undefined ? ` line ${rule.mark}` : ''
    return { source: `${source}${line}`, pattern: display((rule?.pattern ?? '').replace(/\r$/, '')) }
  }
  return undefined
}

/**
 * The rules of a level below a directory that the tree contains. If the level ignores the directory, a nearer one included
 * it again, and then git applies the patterns of the level to the entries alone. The library would ignore all of them.
 */
function reopened(one: Level, directory: RawPath): Level {
  const below = relativeTo(one.base, directory)
  if (below === undefined || !one.rules.test(`${below}/`).ignored) return one
  const pattern = `!/${below.replaceAll(/[\\*?[\]!# ]/g, '\\$&')}/`
  return { ...one, rules: rulesOf([one.rules, { pattern }]) }
}

/** A path relative to a directory above it; undefined if the directory is not above it. */
function relativeTo(base: RawPath, path: RawPath): RawPath | undefined {
  if (path === base) return undefined
  if (base === '') return path
  return path.startsWith(`${base}/`) ? path.slice(base.length + 1) : undefined
}
