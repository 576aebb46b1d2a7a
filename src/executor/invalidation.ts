// Tells a running build that its inputs may have changed.

/**
 * A flag that watch raises when inputs may have changed. A running build sees it, clears it, takes a new snapshot and
 * cancels stale runs.
 */
export class Invalidation {
  #isRaised = false
  #wake: (() => void) | undefined
  #next: Promise<void> | undefined

  /** Invalidates the inputs. Repeated calls before the build clears it count as one. */
  raise(): void {
    this.#isRaised = true
    this.#wake?.()
  }

  /** Whether watch has raised the flag and the build has not cleared it. */
  get isRaised(): boolean {
    return this.#isRaised
  }

  /** Clears the flag. */
  clear(): void {
    this.#isRaised = false
    this.#wake = this.#next = undefined
  }

  /** Resolves when watch raises the flag. */
  next(): Promise<void> {
    if (this.#isRaised) return Promise.resolve()
    return (this.#next ??= new Promise((resolve) => (this.#wake = resolve)))
  }
}
