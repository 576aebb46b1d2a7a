// Tests the page of `lbuild report` in Chromium: what it shows, how fast, to whom, and that data stays text.
import { mkdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { BuildEvent } from '../../src/events/events.ts'
import { logFormat } from '../../src/events/logFormat.ts'
import { accessibilityFindings, browser } from '../support/browser.ts'
import { EVENTS } from '../support/logged.ts'
import { temporaryDirectory } from '../support/temporary.ts'
import { builtTiny } from '../support/tiny.ts'
import { TestWorkspace } from '../support/workspace.ts'

const open = browser()
const built = builtTiny()
const { formatLine } = await logFormat()

const ID = '20260131-101502-123-4f2a9c'

/** Writes the report of a workspace. Returns the address of the page. */
async function report(workspace: TestWorkspace, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await workspace.lbuild('report', ...args)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^wrote the report of the build \S+ to output\/lbuild-report\.html\n$/)
  return `file://${workspace.path('output/lbuild-report.html')}`
}

/** A workspace whose log has one build with these events, one each millisecond. */
function logged(events: readonly BuildEvent[]): TestWorkspace {
  const lines = events.map((event, t) => formatLine({ at: Date.UTC(2026, 0, 31) + t, t, event }))
  return new TestWorkspace({ 'build.config.ts': '', [`cache/log/${ID}.jsonl`]: `${lines.join('\n')}\n` })
}

/** A build of 1,000 artifacts in 20 layers, each with three dependencies. */
function large(): TestWorkspace {
  const names = Array.from({ length: 1000 }, (_, at) => `artifact-${at}`)
  const artifacts = names.map((name, at) => ({
    name,
    dependencies: [50, 51 + (at % 7), 53 + (at % 11)].flatMap((back) => names[at - back] ?? []),
    lockfiles: [],
  }))
  const causes = [{ reason: { kind: 'first-build' as const }, artifacts: names, evidence: {} }]
  const consequences = names.map((artifact) => ({
    artifact,
    verdict: 'stale' as const,
    causes: [0],
    own: [0],
    through: [],
  }))
  const explanation = { causes, consequences, unchanged: { fresh: [], parts: {} } }
  return logged([
    { ...EVENTS.started, artifacts },
    { type: 'explained', explanation },
    ...names.flatMap((artifact): BuildEvent[] => [
      { type: 'running', artifact, reasons: [{ kind: 'first-build' }] },
      { ...EVENTS.built, artifact, outputs: [{ ...EVENTS.built.outputs[0]!, path: `${artifact}.img` }] },
    ]),
    { type: 'ended', outcome: 'done', seconds: 2 },
  ])
}

const HOSTILE = '<script>alert(1)</script>'
const MARKUP = `${HOSTILE}<img src=x onerror=alert(2)>"'\u2028</style><!--`

/** A build in which every text of the log is markup. */
const hostile = (): TestWorkspace =>
  logged([
    {
      ...EVENTS.started,
      targets: [HOSTILE],
      artifacts: [
        { name: HOSTILE, dependencies: [], lockfiles: [MARKUP] },
        { name: MARKUP, dependencies: [HOSTILE], lockfiles: [] },
      ],
    },
    {
      type: 'explained',
      explanation: {
        causes: [
          {
            reason: { kind: 'output-changed', path: MARKUP, what: MARKUP },
            artifacts: [HOSTILE],
            evidence: { entries: [{ path: MARKUP, change: 'added' }], imports: [MARKUP, MARKUP] },
          },
        ],
        consequences: [{ artifact: HOSTILE, verdict: 'stale', causes: [0], own: [0], through: [] }],
        unchanged: { fresh: [], parts: {} },
      },
    },
    { type: 'warning', message: MARKUP, hint: MARKUP },
    { type: 'running', artifact: HOSTILE, reasons: [{ kind: 'output-missing', path: MARKUP }] },
    {
      ...EVENTS.built,
      artifact: HOSTILE,
      outputs: [{ ...EVENTS.built.outputs[0]!, name: MARKUP, path: MARKUP }],
    },
    {
      type: 'failed',
      artifact: MARKUP,
      reasons: [],
      seconds: 1,
      failure: { headline: MARKUP, facts: [[MARKUP, MARKUP]], hint: MARKUP, tail: MARKUP },
    },
    { type: 'ended', outcome: 'failed', seconds: 2 },
  ])

describe('the page of a build', () => {
  it('shows graph, causes with diffs, timeline, artifacts and trends', async () => {
    const workspace = built()
    workspace.edit('src/hello', 'hello', 'goodbye')
    await workspace.build('image', 'roster')
    const { page, errors } = await open(await report(workspace), { width: 1600 })
    expect(await page.locator('.graph .node .name').allTextContents()).toEqual(
      expect.arrayContaining(['image', 'names', 'packed', 'roster']),
    )
    expect(await page.locator('.node.cut-off .name').allTextContents()).toEqual(['roster'])
    expect(await page.locator('#causes summary').allTextContents()).toEqual(['src/ changed: 1 entry'])
    expect(await page.locator('.diff .removed').allTextContents()).toEqual(['-hello\n'])
    expect(await page.locator('.diff .added').allTextContents()).toEqual(['+goodbye\n'])
    expect(await page.locator('#timeline .row-name').allTextContents()).toEqual(
      expect.arrayContaining(['packed', 'names', 'image']),
    )
    expect(await page.locator('#artifacts tbody tr').count()).toBe(4)
    expect(await page.locator('#trends .column').count()).toBe(2)
    expect(await page.locator('#trends .chart code').allTextContents()).toContain('tiny.img')
    expect(errors).toEqual([])
  })

  it.each([
    [375, 'light'],
    [375, 'dark'],
    [800, 'light'],
    [1600, 'light'],
    [1600, 'dark'],
  ] as const)('fits into %i pixels, and axe-core finds nothing, in %s colors', async (width, colors) => {
    const workspace = built()
    workspace.edit('src/hello', 'hello', 'goodbye')
    await workspace.build('image', 'roster')
    const { page, errors } = await open(await report(workspace), { width, colors })
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    expect(await accessibilityFindings(page)).toEqual([])
    await page.locator('#artifacts tbody button').first().click()
    await page.locator('#trends summary').click()
    expect(await accessibilityFindings(page)).toEqual([])
    const directory = temporaryDirectory()
    mkdirSync(directory, { recursive: true })
    const picture = await page.screenshot({ path: `${directory}/${width}-${colors}.png`, fullPage: true })
    expect(picture.length).toBeGreaterThan(10_000)
    expect(errors).toEqual([])
  })

  it('shows names, messages, paths and failures that are markup as text', async () => {
    const { page, errors } = await open(await report(hostile()), { width: 1600 })
    page.on('dialog', () => expect.fail('a text of the log ran as a script'))
    const text = await page.locator('body').innerText()
    expect(text).toContain(HOSTILE)
    expect(await page.locator('.node .name').allTextContents()).toEqual([MARKUP, HOSTILE, MARKUP])
    // The artifact that failed is selected at first.
    expect(await page.locator('#panel .failure-headline').innerText()).toContain(HOSTILE)
    for (const button of await page.locator('#artifacts tbody button').all()) await button.click()
    expect(await page.locator('#panel').innerText()).toContain('<img src=x onerror=alert(2)>')
    expect(await page.locator('main img, main script, main style').count()).toBe(0)
    expect(await page.locator('script').count()).toBe(2)
    expect(await accessibilityFindings(page)).toEqual([])
    expect(errors).toEqual([])
  })

  it('can be used with the keyboard alone', async () => {
    const { page } = await open(await report(built()), { width: 1600 })
    const focused = (): Promise<string> =>
      page.evaluate("document.activeElement.getAttribute('aria-label') ?? ''")
    await page.keyboard.press('/')
    await page.keyboard.type('image')
    await page.keyboard.press('Enter')
    expect(await page.locator('#panel h3').innerText()).toBe('image')
    await page.locator('.node[tabindex="0"]').focus()
    expect(await focused()).toMatch(/^image /)
    await page.keyboard.press('ArrowLeft')
    expect(await focused()).toMatch(/^(packed|names) /)
    await page.keyboard.press('Enter')
    expect(await page.locator('#panel h3').innerText()).toMatch(/^(packed|names)$/)
    await page.keyboard.press('Escape')
    expect(await page.locator('#panel h3').innerText()).toBe('Critical path')
  })

  it('switches colors with its button, whatever the system prefers', async () => {
    const { page } = await open(await report(built()), { width: 800, colors: 'dark' })
    const background = (): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor')
    const dark = await background()
    await page.getByRole('button', { name: 'Theme: auto' }).click()
    expect(await background()).not.toBe(dark)
    await page.getByRole('button', { name: 'Theme: light' }).click()
    expect(await background()).toBe(dark)
  })
})

describe('the page of 1,000 artifacts', () => {
  it('takes less than a second to show, and can be searched and narrowed to the neighbours of an artifact', async () => {
    const url = await report(large())
    const { page, errors, seconds, processorSeconds } = await open(url, { width: 1600 })
    console.log(
      `1,000 artifacts: shown after ${seconds.toFixed(2)} s, ${processorSeconds.toFixed(2)} s of them computing`,
    )
    // Other processes delay the page, but use no processor time of it.
    expect(processorSeconds).toBeLessThan(1)
    const nodes = page.locator('.node')
    expect(await nodes.count()).toBe(1000)
    // The others are outside of the frame.
    expect(await nodes.filter({ visible: true }).count()).toBeLessThan(200)
    await page.getByRole('button', { name: 'Fit' }).click()
    expect(await nodes.filter({ visible: true }).count()).toBe(1000)
    await page.keyboard.press('/')
    await page.keyboard.type('artifact-777')
    expect(await page.getByRole('status').innerText()).toBe('1 match')
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Only neighbours' }).click()
    const visible = await page.locator('.node:visible .name').allTextContents()
    expect(visible).toContain('artifact-777')
    expect(visible.length).toBeLessThan(12)
    expect(await page.locator('#artifacts tbody tr').count()).toBe(100)
    await page.locator('#artifacts').getByRole('button', { name: 'Show all 1000 artifacts' }).click()
    expect(await page.locator('#artifacts tbody tr').count()).toBe(1000)
    expect(errors).toEqual([])
  })
})
