/** How somebody who watches the inputs tells a running build that they may have changed: it takes another look then. */
export class Invalidation {
  #given = false
  #wake: (() => void) | undefined
  #next: Promise<void> | undefined

  /** Tells the build; any number of times before it looks is once. */
  give(): void {
    this.#given = true
    this.#wake?.()
  }

  /** Whether it was told and has not been taken. */
  get given(): boolean {
    return this.#given
  }

  /** Takes what was told: what is told after this is another time. */
  take(): void {
    this.#given = false
    this.#wake = this.#next = undefined
  }

  /** Resolves when it is told. */
  next(): Promise<void> {
    if (this.#given) return Promise.resolve()
    return (this.#next ??= new Promise((resolve) => (this.#wake = resolve)))
  }
}
