// Creates elements. Texts become text nodes, so that no text of the data is ever parsed as HTML.

/** What an element contains; undefined and false add nothing. */
export type Child = Node | string | undefined | false

/** Attributes by name, and listeners by the name of their event. A false or undefined value sets nothing. */
export interface Attributes {
  readonly [name: string]: string | number | boolean | undefined | ((event: never) => void)
}

/** Creates an HTML element. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag)
  fill(element, attributes, children)
  return element
}

/** Creates an SVG element. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag)
  fill(element, attributes, children)
  return element
}

function fill(element: Element, attributes: Attributes, children: readonly Child[]): void {
  for (const [name, value] of Object.entries(attributes))
    if (typeof value === 'function')
      element.addEventListener(name, (event) => Reflect.apply(value, undefined, [event]))
    else if (value !== undefined && value !== false)
      element.setAttribute(name, value === true ? '' : String(value))
  element.append(...children.filter((child) => child !== undefined && child !== false))
}

/** Sets properties of the style of an element; a Content-Security-Policy forbids the attribute `style`. */
export function styled<E extends HTMLElement>(element: E, style: Readonly<Record<string, string>>): E {
  for (const [name, value] of Object.entries(style)) element.style.setProperty(name, value)
  return element
}

/** A section of the page, with a heading that the navigation links to. */
export const section = (id: string, title: string, ...children: readonly Child[]): HTMLElement =>
  h('section', { id, 'aria-labelledby': `${id}-title` }, h('h2', { id: `${id}-title` }, title), ...children)

/** A list that shows its first items, and a button that shows the others. */
export function limited(
  container: HTMLElement,
  items: readonly (() => Node)[],
  limit: number,
  noun: string,
): HTMLElement {
  container.append(...items.slice(0, limit).map((make) => make()))
  if (items.length <= limit) return container
  const button = h(
    'button',
    {
      class: 'more',
      type: 'button',
      click: () => {
        container.append(...items.slice(limit).map((make) => make()))
        button.remove()
      },
    },
    `Show all ${items.length} ${noun}`,
  )
  return h('div', {}, container, button)
}
