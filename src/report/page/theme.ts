// Switches between the colors of the system, light and dark ones, and remembers the choice where the browser allows it.
import { h } from './dom.ts'

const THEMES = ['auto', 'light', 'dark'] as const
const STORED = 'lbuild-theme'

/** The button that switches to the next theme. */
export function themeButton(): HTMLElement {
  let at = Math.max(
    0,
    THEMES.findIndex((theme) => theme === stored()),
  )
  const button = h('button', { type: 'button', class: 'quiet' })
  const apply = (): void => {
    const theme = THEMES[at] ?? 'auto'
    document.documentElement.dataset.theme = theme
    button.textContent = `Theme: ${theme}`
  }
  button.addEventListener('click', () => {
    at = (at + 1) % THEMES.length
    apply()
    store(THEMES[at] ?? 'auto')
  })
  apply()
  return button
}

/** The remembered theme. A browser may forbid pages of files to store anything. */
function stored(): string | null {
  try {
    return localStorage.getItem(STORED)
  } catch {
    return null
  }
}

function store(theme: string): void {
  try {
    localStorage.setItem(STORED, theme)
  } catch {
    // The theme is forgotten when the page is closed.
  }
}
