// Tests the page of a build of the reference distro in Chromium.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, onTestFinished, test } from 'vitest'
import { accessibilityFindings, browser } from '../support/browser.ts'
import { Distro } from './support/distro.ts'

const open = browser()

test('the report of the reference distro takes less than a second to show, without errors or accessibility findings', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lbuild-report-'))
  onTestFinished(() => rmSync(directory, { recursive: true }))
  const file = join(directory, 'report.html')
  const { code, stderr } = await Distro.built().lbuild([
    'report',
    '--build',
    inject('firstBuild').build,
    '-o',
    file,
  ])
  expect([code, stderr]).toEqual([0, ''])
  for (const width of [375, 800, 1600])
    for (const colors of ['light', 'dark'] as const) {
      const { page, errors, seconds, processorSeconds } = await open(`file://${file}`, { width, colors })
      console.log(
        `${width} px, ${colors}: shown after ${seconds.toFixed(2)} s, ${processorSeconds.toFixed(2)} s of them computing`,
      )
      expect(processorSeconds).toBeLessThan(1)
      expect(await page.locator('.node-built').count()).toBe(10)
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
      expect(await accessibilityFindings(page)).toEqual([])
      await page.screenshot({ path: join(directory, `${width}-${colors}.png`), fullPage: true })
      expect(errors).toEqual([])
      await page.close()
    }
})
