// Random damage to the cache and the outputs.
import * as fs from 'node:fs'

/** One damage to the cache or the outputs, as data. */
export interface Damage {
  readonly kind: keyof typeof DAMAGES
  readonly a: number
  readonly b: number
}

export const DAMAGE_NAMES = (): (keyof typeof DAMAGES)[] => Object.keys(DAMAGES) as (keyof typeof DAMAGES)[]

/** Damages the cache or an output of a workspace; gives the bytes of a changed output, which must not be lost. */
export const inflict = ({ kind, a, b }: Damage, root: string): string | undefined => DAMAGES[kind](root, a, b)

function filesIn(root: string, directory: string): string[] {
  if (!fs.existsSync(`${root}/${directory}`)) return []
  return fs
    .readdirSync(`${root}/${directory}`, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => `${root}/${directory}/${name}`)
    .filter((path) => fs.lstatSync(path).isFile())
}

type Act = (root: string, a: number, b: number) => string | undefined

const ofFileIn =
  (directory: string, act: (path: string, b: number) => string | void): Act =>
  (root, a, b) => {
    const paths = filesIn(root, directory).filter(
      (path) => !path.endsWith('/lock') && !path.includes('.preserved-'),
    )
    if (paths.length === 0) return undefined
    const path = paths[a % paths.length]!
    const { mode } = fs.statSync(path)
    fs.chmodSync(path, 0o644)
    const kept = act(path, b) ?? undefined
    if (fs.existsSync(path)) fs.chmodSync(path, mode & 0o777)
    return kept
  }

function flip(path: string, b: number): void {
  const bytes = fs.readFileSync(path)
  if (bytes.length === 0) return
  const at = b % bytes.length
  bytes[at] = bytes[at]! ^ (1 << (b % 8))
  fs.writeFileSync(path, bytes)
}

const DAMAGES = {
  'cache gone': (root) => void fs.rmSync(`${root}/cache`, { recursive: true, force: true }),
  'records gone': (root) => void fs.rmSync(`${root}/cache/records`, { recursive: true, force: true }),
  'objects gone': (root) => void fs.rmSync(`${root}/cache/objects`, { recursive: true, force: true }),
  'file of the cache gone': ofFileIn('cache', (path) => fs.unlinkSync(path)),
  'file of the cache cut': ofFileIn('cache', (path, b) =>
    fs.truncateSync(path, b % (fs.statSync(path).size + 1)),
  ),
  'byte of the cache flipped': ofFileIn('cache', flip),
  'object flipped': ofFileIn('cache/objects', flip),
  'record flipped': ofFileIn('cache/records', flip),
  'output gone': ofFileIn('output', (path) => fs.unlinkSync(path)),
  'outputs gone': (root) => void fs.rmSync(`${root}/output`, { recursive: true, force: true }),
  'output changed': ofFileIn('output', (path, b) => {
    fs.writeFileSync(path, `changed ${b}`)
    return `changed ${b}`
  }),
  'output cut': ofFileIn('output', (path) => fs.truncateSync(path, fs.statSync(path).size >> 1)),
} satisfies Record<string, Act>
