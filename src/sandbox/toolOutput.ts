// Collects what a tool prints, up to a limit.
import type { Readable } from 'node:stream'

/** How much of each stream of a tool `run` returns, in characters: a producer holds both in memory. */
export const MAX_OUTPUT = 64 * 1024 * 1024

/** What a tool prints on one stream. At the limit, the stream is closed, which ends most tools. */
export class ToolOutput {
  readonly #chunks: string[] = []
  #length = 0

  constructor(stream: Readable | undefined) {
    stream?.setEncoding('utf8')
    stream?.on('data', (chunk: string) => {
      this.#chunks.push(chunk)
      this.#length += chunk.length
      if (this.isCut) stream.destroy()
    })
  }

  /** Whether the tool printed more than the limit. */
  get isCut(): boolean {
    return this.#length > MAX_OUTPUT
  }

  /** What was printed so far. */
  get text(): string {
    return this.#chunks.join('')
  }
}
