// Tells a running build that its inputs may have changed.

/**
 * A flag that watch raises when inputs may have changed. A running build sees it, clears it, takes a new snapshot and
 * cancels stale runs.
 */
export class Invalidation {
  #given = false
  #wake: (() => void) | undefined
  #next: Promise<void> | undefined

  /** Invalidates the inputs. Repeated calls before the build takes it count as one. */
  give(): void {
    this.#given = true
    this.#wake?.()
  }

  /** Whether watch has raised the flag and the build has not cleared it. */
  get given(): boolean {
    return this.#given
  }

  /** Clears the flag. */
  take(): void {
    this.#given = false
    this.#wake = this.#next = undefined
  }

  /** Resolves when watch raises the flag. */
  next(): Promise<void> {
    if (this.#given) return Promise.resolve()
    return (this.#next ??= new Promise((resolve) => (this.#wake = resolve)))
  }
}
