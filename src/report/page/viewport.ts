// Pans and zooms a drawing: by dragging, with the wheel and Ctrl, by pinching, and with buttons.

/** How far a drawing can be zoomed. */
const SCALE = { least: 0.05, most: 2.5 }

/** The empty room around a drawing, in pixels. */
const MARGIN = 16

/** Which part of a drawing is visible, and how large. */
export interface View {
  readonly x: number
  readonly y: number
  readonly scale: number
}

/**
 * The visible part of a drawing of some size inside an SVG element. Calls `changed` with the size of that element, in pixels,
 * when another part becomes visible.
 */
export class Viewport {
  #view: View = { x: 0, y: 0, scale: 1 }
  readonly #frame: SVGSVGElement
  readonly #drawing: SVGGElement
  readonly #size: { readonly width: number; readonly height: number }
  readonly #pointers = new Map<number, { x: number; y: number }>()
  readonly #changed: (view: View, width: number, height: number) => void

  constructor(
    frame: SVGSVGElement,
    drawing: SVGGElement,
    size: { readonly width: number; readonly height: number },
    changed: (view: View, width: number, height: number) => void,
  ) {
    this.#frame = frame
    this.#drawing = drawing
    this.#size = size
    this.#changed = changed
    new ResizeObserver(() => this.show(this.#view)).observe(frame)
    frame.addEventListener('wheel', (event) => this.#wheel(event), { passive: false })
    frame.addEventListener('pointerdown', (event) => this.#down(event))
    frame.addEventListener('pointermove', (event) => this.#move(event))
    for (const type of ['pointerup', 'pointercancel', 'pointerleave'] as const)
      frame.addEventListener(type, ({ pointerId }) => this.#pointers.delete(pointerId))
  }

  get view(): View {
    return this.#view
  }

  show(view: View): void {
    const scale = Math.min(SCALE.most, Math.max(SCALE.least, view.scale))
    this.#view = { ...view, scale }
    this.#drawing.setAttribute('transform', `translate(${view.x} ${view.y}) scale(${scale})`)
    this.#changed(this.#view, this.#frame.clientWidth, this.#frame.clientHeight)
  }

  /** Shows the whole drawing in the middle. */
  fit(): void {
    const { clientWidth, clientHeight } = this.#frame
    const { width, height } = this.#size
    const scale = this.#whole()
    this.show({ x: (clientWidth - width * scale) / 2, y: (clientHeight - height * scale) / 2, scale })
  }

  /** Shows the whole drawing, or only what is around a point if the drawing would be smaller than `least`. */
  start(least: number, around: { readonly x: number; readonly y: number } | undefined): void {
    if (around === undefined || this.#whole() >= least) return this.fit()
    const { clientWidth, clientHeight } = this.#frame
    const { width, height } = this.#size
    // Stays inside the drawing, so that no room is wasted.
    const offset = (room: number, center: number, size: number): number =>
      size * least <= room
        ? (room - size * least) / 2
        : Math.min(MARGIN, Math.max(room - size * least - MARGIN, room / 2 - center * least))
    this.show({
      x: offset(clientWidth, around.x, width),
      y: offset(clientHeight, around.y, height),
      scale: least,
    })
  }

  /** The scale at which the whole drawing is visible; not above its true size. */
  #whole(): number {
    const { clientWidth, clientHeight } = this.#frame
    const { width, height } = this.#size
    return Math.min((clientWidth - 2 * MARGIN) / width, (clientHeight - 2 * MARGIN) / height, 1)
  }

  /** Zooms around a point of the frame; around its center unless given. */
  zoom(factor: number, at = { x: this.#frame.clientWidth / 2, y: this.#frame.clientHeight / 2 }): void {
    const { x, y, scale } = this.#view
    const next = Math.min(SCALE.most, Math.max(SCALE.least, scale * factor))
    const ratio = next / scale
    this.show({ x: at.x - (at.x - x) * ratio, y: at.y - (at.y - y) * ratio, scale: next })
  }

  /** Moves a point of the drawing into view, if it is not in view, to the center. */
  reveal(x: number, y: number, margin: number): void {
    const { clientWidth, clientHeight } = this.#frame
    const { scale } = this.#view
    const readable = Math.max(scale, 0.6)
    const [left, top] = [this.#view.x + x * scale, this.#view.y + y * scale]
    const isInside =
      left > margin && top > margin && left < clientWidth - margin && top < clientHeight - margin
    if (isInside && scale === readable) return
    this.show({ x: clientWidth / 2 - x * readable, y: clientHeight / 2 - y * readable, scale: readable })
  }

  #wheel(event: WheelEvent): void {
    // Without Ctrl the wheel scrolls the page. A pinch on a touchpad arrives as a wheel event with Ctrl.
    if (!event.ctrlKey && !event.metaKey) return
    event.preventDefault()
    this.zoom(Math.exp(-event.deltaY / 300), this.#pointOf(event))
  }

  #pointOf({ clientX, clientY }: MouseEvent): { x: number; y: number } {
    const { left, top } = this.#frame.getBoundingClientRect()
    return { x: clientX - left, y: clientY - top }
  }

  #down(event: PointerEvent): void {
    if (event.button === 0) this.#pointers.set(event.pointerId, this.#pointOf(event))
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId)
    if (before === undefined) return
    const now = this.#pointOf(event)
    const other = [...this.#pointers].find(([id]) => id !== event.pointerId)?.[1]
    if (other === undefined) {
      const { x, y, scale } = this.#view
      this.show({ x: x + now.x - before.x, y: y + now.y - before.y, scale })
    } else {
      const distance = (point: { x: number; y: number }): number =>
        Math.max(1, Math.hypot(point.x - other.x, point.y - other.y))
      this.zoom(distance(now) / distance(before), other)
    }
    this.#pointers.set(event.pointerId, now)
  }
}
