import { Failure } from '../../platform/failure.ts'
import { renderFailure } from '../../platform/renderFailure.ts'
import type { WatchEvent, WatchListener } from '../../watch/events.ts'
import { WATCH_EVENTS_VERSION } from '../../watch/events.ts'
import { print } from '../render/print.ts'
import { progressOn } from '../render/progress.ts'
import { counted, duration, paint, usesColor } from '../render/format.ts'

/** What shows the events of `watch`. */
export interface WatchView {
  readonly listener: WatchListener
  close(): void
}

/** One JSON event a line on standard output. */
export const watchJson = (): WatchView => ({
  listener: (event) => print(`${JSON.stringify({ v: WATCH_EVENTS_VERSION, at: Date.now(), ...event })}\n`),
  close() {},
})

/** A line for each thing that happens, as a build without a terminal shows it. */
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

/** An event as a line, without a final newline. */
export function lineOf(
  event: Exclude<WatchEvent, { type: 'build' }>,
  stream: NodeJS.WriteStream,
): string | undefined {
  switch (event.type) {
    case 'watching':
      return `watching ${event.targets.join(', ')}: ${counted(event.directories, 'director')}`.replace(
        /director(s?)$/,
        (_, many) => (many ? 'directories' : 'directory'),
      )
    case 'scanning':
      return `${paint(stream, 'yellow', 'warning:')} ${event.reason}: everything is looked at each ${duration(event.interval)}${event.hint === undefined ? '' : `\n  hint: ${event.hint}`}`
    case 'changed':
      return paint(
        stream,
        'dim',
        `changed  ${event.paths.join(', ')}${event.more > 0 ? ` and ${event.more} more` : ''}`,
      )
    case 'config':
      return paint(stream, 'dim', 'config   build.config.ts, or what it imports, is another one')
    case 'building':
      return undefined
    case 'built': {
      const { outcome, ran, restored, failed, secondsSinceChange, seconds } = event
      const counts = [
        [ran.length, 'built'],
        [restored.length, 'restored'],
        [failed.length, 'failed'],
      ] as const
      const words = counts.flatMap(([count, word]) => (count > 0 ? [`${count} ${word}`] : [])).join(', ')
      const color = { done: 'green', failed: 'red', cancelled: 'yellow' } as const
      const time = `${duration(seconds)}${secondsSinceChange === undefined ? '' : `, ${duration(secondsSinceChange)} after the change`}`
      return `${paint(stream, color[outcome], `${outcome}:`)} ${words === '' ? 'nothing was built' : words} in ${time}`
    }
    case 'failed': {
      const { headline, ...rest } = event.failure
      const kept = event.what === 'config' ? '\n  the last config that could be loaded stays in use' : ''
      return `${renderFailure(new Failure(headline, rest), usesColor(stream))}${kept}`
    }
    case 'exec': {
      const name = event.command.join(' ')
      if (event.state === 'started') return paint(stream, 'dim', `exec     ${name}`)
      const color = event.code === 0 ? 'green' : 'red'
      return `${paint(stream, color, 'ended')}    ${name}: ${event.code === 0 ? 'done' : event.code} in ${duration(event.seconds)}`
    }
    case 'machine':
      return event.state === 'started'
        ? `machine  ${event.image} started; its console is ${event.console}`
        : `machine  ${event.image} ended${event.errors === undefined ? '' : `: ${event.errors}`}`
    case 'idle':
      return event.fresh
        ? 'all is up to date; waiting for changes'
        : `waiting for changes${event.failed.length > 0 ? `; ${event.failed.join(', ')} failed` : ''}`
  }
}
