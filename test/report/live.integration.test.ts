// Tests the live page of `lbuild watch --ui` in Chromium.
import { describe, expect, it } from 'vitest'
import { browser } from '../support/browser.ts'
import { builtWatched, Watching } from '../support/watching.ts'

const open = browser()
const fresh = builtWatched()

describe('lbuild watch --ui', () => {
  it('serves a page that follows builds, keeps what the reader selected, and ends with watch', async () => {
    const workspace = fresh()
    const watching = await Watching.of(workspace, '--ui')
    const { url } = await watching.next('serving')
    const { page, errors } = await open(url, { width: 1600 })
    await page.locator('#live-state', { hasText: 'up to date' }).waitFor()
    const builds = await page.locator('#trends .column').count()
    await page.locator('#artifacts tbody button', { hasText: 'image' }).click()
    await watching.after(() => workspace.edit('src/hello', 'hello', 'goodbye'))
    await page.locator('#causes summary', { hasText: 'src/ changed' }).waitFor()
    await page.locator('.diff .added', { hasText: '+goodbye' }).waitFor()
    await page.locator('#live-state', { hasText: 'up to date' }).waitFor()
    expect(await page.locator('#trends .column').count()).toBeGreaterThan(builds)
    expect(await page.locator('#panel h3').innerText()).toBe('image')
    expect(errors).toEqual([])
    watching.child.kill('SIGTERM')
    expect((await watching.ended).code).toBe(143)
    await page.locator('#live-state', { hasText: 'watch has ended' }).waitFor()
    await expect(fetch(url)).rejects.toThrow()
  })
})
