// Opens pages in Chromium.
import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { Browser, Page } from 'playwright-core'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, onTestFinished } from 'vitest'

/** Where Debian's package installs Chromium; `npm test` installs it. */
const CHROMIUM = '/usr/bin/chromium'

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The settings of a page. */
export interface PageOptions {
  readonly width: number
  readonly colors?: 'light' | 'dark'
}

/** An open page. */
export interface OpenPage {
  readonly page: Page
  /** Errors of the console and exceptions so far. */
  readonly errors: readonly string[]
  /** The time until the page was loaded and shown, in seconds. It depends on what else the machine does. */
  readonly seconds: number
  /** The processor time of loading and showing the page, in seconds. */
  readonly processorSeconds: number
}

/** Starts Chromium before the tests of a file; the result opens pages, each without a network except for this host. */
export function browser(): (url: string, options: PageOptions) => Promise<OpenPage> {
  let started: Browser | undefined
  beforeAll(async () => {
    if (!existsSync(CHROMIUM)) throw new Error(`${CHROMIUM} is missing: run apt-get install chromium`)
    // Root cannot use the sandbox of Chromium.
    started = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })
  afterAll(() => started?.close())
  return async (url, { width, colors = 'light' }) => {
    const page = await started!.newPage({ viewport: { width, height: 900 }, colorScheme: colors })
    onTestFinished(() => page.close())
    const errors: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') errors.push(message.text())
    })
    page.on('pageerror', (error) => errors.push(error.message))
    const debugged = await page.context().newCDPSession(page)
    await debugged.send('Performance.enable', { timeDomain: 'threadTicks' })
    await page.goto(url)
    const milliseconds: number = await page.evaluate(
      'new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))',
    )
    const { metrics } = await debugged.send('Performance.getMetrics')
    const processorSeconds = metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Infinity
    return { page, errors, seconds: milliseconds / 1000, processorSeconds }
  }
}

/** What axe-core finds in a page: the rule, and the elements that break it. */
export async function accessibilityFindings(page: Page): Promise<readonly string[]> {
  // The policy of the page forbids foreign script elements; the debugger may evaluate scripts.
  await page.evaluate(AXE)
  const { violations } = await page.evaluate<{
    violations: readonly { id: string; nodes: readonly { html: string; failureSummary: string }[] }[]
  }>('axe.run()')
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)}: ${failureSummary}`),
  )
}
