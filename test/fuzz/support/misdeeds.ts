// What a hostile producer may leave behind instead of its result and its outputs.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import type { ProducerRequest } from '../../../src/sandbox/request.ts'

/** Puts something in the place of a path. */
type Misdeed = (path: string, request: ProducerRequest) => void

const IN_PLACE: Readonly<Record<string, Misdeed>> = {
  'a fifo': (path) => void execFileSync('mkfifo', [path]),
  'a directory': (path) => fs.mkdirSync(path),
  'an endless device': (path) => fs.symlinkSync('/dev/zero', path),
  'a link to nothing': (path) => fs.symlinkSync('nothing', path),
  'a link to a file': (path, { bundle }) => fs.symlinkSync(bundle, path),
  nothing: () => {},
}

const RESULTS: Readonly<Record<string, string>> = {
  'a cut result': '{"ok": tru',
  'a result of another shape': '{"ok":"yes"}',
  'a failure of another shape': '{"ok":false,"failure":{"headline":["x"],"facts":{}}}',
  'an empty result': '',
  'a result with a prototype': '{"__proto__":{"ok":true}}',
  'a list': '[]',
}

const firstOutput = ({ outputs }: ProducerRequest): string => {
  const [path] = Object.values(outputs)
  if (path === undefined) throw new Error('an artifact without outputs')
  return path
}

/** Each makes a run fail. Returns true if the run must not report a result of its own. */
const MISDEEDS: ReadonlyMap<string, (request: ProducerRequest) => boolean> = new Map([
  ...Object.entries(IN_PLACE).map(
    ([name, put]) =>
      [
        `${name} as the result`,
        (request: ProducerRequest): boolean => {
          fs.rmSync(request.result, { recursive: true, force: true })
          put(request.result, request)
          return true
        },
      ] as const,
  ),
  ...Object.entries(IN_PLACE).map(
    ([name, put]) =>
      [
        `${name} as an output`,
        (request: ProducerRequest): boolean => {
          const path = firstOutput(request)
          fs.rmSync(path, { recursive: true, force: true })
          put(path, request)
          return false
        },
      ] as const,
  ),
  ...Object.entries(RESULTS).map(
    ([name, text]) =>
      [
        name,
        (request: ProducerRequest): boolean => {
          fs.writeFileSync(request.result, text)
          return true
        },
      ] as const,
  ),
])

export const MISDEED_NAMES: readonly string[] = [...MISDEEDS.keys()]

/** Does one misdeed. Returns true if the run must not report a result of its own. */
export function misbehave(name: string, request: ProducerRequest): boolean {
  const act = MISDEEDS.get(name)
  if (act === undefined) throw new Error(`no misdeed '${name}'`)
  return act(request)
}
