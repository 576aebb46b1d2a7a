// Hides the parts of a drawing that are outside of its frame, so that the browser does not lay them out.
import type { View } from './viewport.ts'

/** A part of a drawing and the rectangle that contains it, in units of the drawing. */
export interface Part {
  readonly element: Element
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** How far from the frame a part is still shown, in pixels. */
const MARGIN = 100

/** The parts of a drawing, which are hidden at first. */
export class VisibleParts {
  readonly #parts: readonly Part[]
  readonly #shown = new Set<Part>()

  constructor(parts: readonly Part[]) {
    this.#parts = parts
    for (const { element } of parts) element.classList.add('outside')
  }

  /** Shows the parts that are inside of a frame with a size in pixels, or near it, and hides the others. */
  update({ x, y, scale }: View, width: number, height: number): void {
    for (const part of this.#parts) {
      const isInside =
        part.right * scale + x > -MARGIN &&
        part.left * scale + x < width + MARGIN &&
        part.bottom * scale + y > -MARGIN &&
        part.top * scale + y < height + MARGIN
      if (isInside === this.#shown.has(part)) continue
      part.element.classList.toggle('outside', !isInside)
      if (isInside) this.#shown.add(part)
      else this.#shown.delete(part)
    }
  }
}
