// The page of `watch --ui`: shows the newest build of the log and what watch does, and follows the events of watch.
import type { Locations } from '../config/locations.ts'
import type { LoggedBuild } from '../events/loggedBuild.ts'
import { listBuilds } from '../events/buildHistory.ts'
import { realDisk } from '../platform/disk.ts'
import { pageHtml } from '../report/html.ts'
import type { Edge, Layout } from '../report/layout.ts'
import { layoutOf } from '../report/layout.ts'
import type { PageData } from '../report/model.ts'
import { emptyPage, pageData } from '../report/pageData.ts'
import type { PageServer } from '../report/server.ts'
import { servePage } from '../report/server.ts'
import type { WatchEvent } from '../watch/events.ts'
import { pageAssets, pageSource, workspaceName } from './reportPage.ts'

/** A served page that follows the events of watch. */
export interface LivePage {
  readonly url: string
  listener(event: WatchEvent): void
  close(): Promise<void>
}

/** Serves the page of a workspace. `code` is the directory of lbuild's compiled code. */
export async function livePage(locations: Locations, code: string): Promise<LivePage> {
  const assets = pageAssets(code)
  const content = new LiveContent(locations)
  const server: PageServer = await servePage({
    html: async () => pageHtml(await content.data(), assets),
    data: async () => JSON.stringify(await content.data()),
  })
  return {
    url: server.url,
    listener(event) {
      content.follow(event)
      server.changed()
    },
    close: () => server.close(),
  }
}

/** The content of the page. Remembers builds that ended, and the layout of a graph that did not change. */
class LiveContent {
  readonly #locations: Locations
  readonly #ended = new Map<string, LoggedBuild>()
  #layout: { readonly graph: string; readonly layout: Promise<Layout> } | undefined
  #doing = 'starting'

  constructor(locations: Locations) {
    this.#locations = locations
  }

  follow(event: WatchEvent): void {
    this.#doing = doingAfter(event) ?? this.#doing
  }

  async data(): Promise<PageData> {
    const { cache } = this.#locations
    const newest = (await listBuilds(realDisk, cache, this.#ended).next()).value
    const page = newest
      ? await pageData(await pageSource(this.#locations, newest, Date.now(), this.#ended), (count, edges) =>
          this.#layoutOf(count, edges),
        )
      : emptyPage(workspaceName(this.#locations), Date.now())
    return { ...page, live: this.#doing }
  }

  #layoutOf(count: number, edges: readonly Edge[]): Promise<Layout> {
    const graph = JSON.stringify([count, edges])
    if (this.#layout?.graph !== graph) this.#layout = { graph, layout: layoutOf(count, edges) }
    return this.#layout.layout
  }
}

/** What watch does after an event, in a word or two; undefined if the event does not change that. */
function doingAfter(event: WatchEvent): string | undefined {
  switch (event.type) {
    case 'building':
      return 'building'
    case 'failed':
      return `${event.scope} failed`
    case 'idle':
      if (event.configFailed) return 'config failed'
      return event.fresh ? 'up to date' : event.failed.length > 0 ? 'failed, waiting' : 'waiting'
    default:
      return undefined
  }
}
