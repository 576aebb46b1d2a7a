// Shows the events of watch as lines of text, or as JSON.
import { Failure } from '../../platform/failure.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import type { WatchEvent, WatchListener } from '../../watch/events.ts'
import { WATCH_EVENTS_VERSION } from '../../watch/events.ts'
import { print } from '../render/print.ts'
import { progressOn } from '../render/progress.ts'
import { paint, usesColor } from '../render/color.ts'
import { duration } from '../../platform/units.ts'

/** Shows the events of `watch`. */
export interface WatchView {
  readonly listener: WatchListener
  close(): void
}

/** Prints one JSON object per event on standard output. */
export const watchJson = (): WatchView => ({
  listener: (event) => print(`${JSON.stringify({ v: WATCH_EVENTS_VERSION, at: Date.now(), ...event })}\n`),
  close() {},
})

/** Prints a line for each event, like a build without a terminal. */
export function watchLines(stream: NodeJS.WriteStream): WatchView {
  const progress = progressOn(stream, 'normal')
  return {
    listener(event) {
      if (event.type === 'build') return progress.listener(event.event)
      const line = lineOf(event, stream)
      if (line !== undefined) progress.say(line)
    },
    close: () => progress.close(),
  }
}

/** Renders an event as a line without a final newline; undefined for an event that needs none. */
export function lineOf(
  event: Exclude<WatchEvent, { type: 'build' }>,
  stream: NodeJS.WriteStream,
): string | undefined {
  switch (event.type) {
    case 'watching':
      return `watching ${event.targets.join(', ')} in ${event.directories === 1 ? '1 directory' : `${event.directories} directories`}`
    case 'serving':
      return `page     ${event.url}`
    case 'polling': {
      const hint = event.hint === undefined ? '' : `\n  hint: ${event.hint}`
      return `${paint(stream, 'yellow', 'warning:')} ${event.reason}; checking everything every ${duration(event.intervalSeconds)}${hint}`
    }
    case 'changed':
      return paint(stream, 'dim', `changed  ${changedText(event)}`)
    case 'reconfigured':
      return paint(stream, 'dim', 'config   build.config.ts or one of its imports changed the graph')
    case 'building':
      return undefined
    case 'built': {
      const color = { done: 'green', failed: 'red', cancelled: 'yellow' } as const
      const counts = builtCounts(event).join(', ') || 'nothing built'
      return `${paint(stream, color[event.outcome], `${event.outcome}:`)} ${counts} in ${builtTime(event)}`
    }
    case 'failed': {
      const { headline, ...rest } = event.failure
      const note = event.scope === 'config' ? `\n  ${CONFIG_NOTE}` : ''
      return `${renderFailure(new Failure(headline, rest), usesColor(stream))}${note}`
    }
    case 'exec': {
      const name = event.command.join(' ')
      if (event.state === 'started') return paint(stream, 'dim', `exec     ${name}`)
      const color = event.code === 0 ? 'green' : 'red'
      return `${paint(stream, color, 'ended')}    ${name}: ${event.code === 0 ? 'done' : event.code} in ${duration(event.seconds)}`
    }
    case 'machine':
      return event.state === 'started'
        ? `machine  ${event.image} started; console: ${event.console}`
        : `machine  ${event.image} ended${event.errors === undefined ? '' : `: ${event.errors}`}`
    case 'idle':
      return event.fresh
        ? 'everything is fresh; waiting for changes'
        : `waiting for changes${event.failed.length > 0 ? `; ${event.failed.join(', ')} failed` : ''}`
  }
}

/** Shown with a config that cannot be loaded. */
export const CONFIG_NOTE = 'the last valid config stays in use'

export const changedText = ({ paths, more }: Extract<WatchEvent, { type: 'changed' }>): string =>
  `${paths.join(', ')}${more > 0 ? ` and ${more} more` : ''}`

type Built = Extract<WatchEvent, { type: 'built' }>

/** How many artifacts were built, restored and failed, such as `2 built`; without zeros. */
export function builtCounts({ ran, restored, failed }: Built): readonly string[] {
  const counts = [
    [ran.length, 'built'],
    [restored.length, 'restored'],
    [failed.length, 'failed'],
  ] as const
  return counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : []))
}

export const builtTime = ({ seconds, secondsSinceChange }: Built): string =>
  `${duration(seconds)}${secondsSinceChange === undefined ? '' : `, ${duration(secondsSinceChange)} after the change`}`
