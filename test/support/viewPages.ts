// Views in Chromium, for a suite: one browser for all its tests, a page for each, and a script error in one fails its test.
import assert from 'node:assert/strict'
import type { Browser, Page } from 'playwright-core'
import type { ThemeName } from '../webview/harness/themes.ts'
import { openBrowser, openView, type ViewName } from './browser.ts'

export interface PageOptions {
  readonly theme?: ThemeName
  readonly width?: number
}

/** Call it inside `describe`. Skips the suite where there is no browser, or no built bundle. */
export function viewPages(): { open(view: ViewName, options?: PageOptions): Promise<Page> } {
  let browser: Browser
  const pages: Page[] = []
  const errors: string[] = []
  before(async function () {
    browser = await openBrowser(this)
  })
  after(async () => browser?.close())
  afterEach(async () => {
    await Promise.all(pages.splice(0).map((page) => page.close()))
    assert.deepEqual(errors.splice(0), [])
  })
  return {
    async open(view, { theme = 'dark', width = 1280 } = {}) {
      const page = await openView(browser, view, theme)
      pages.push(page)
      await page.setViewportSize({ width, height: 900 })
      page.on('pageerror', (error) => errors.push(error.message))
      page.on('console', (message) => message.type() === 'error' && errors.push(message.text()))
      return page
    },
  }
}

/** Pixels by which the view is wider than its window; it should be 0. */
export async function tooWide(page: Page): Promise<number> {
  return Number(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'))
}

/** Saves a screenshot where SCREENSHOTS names a folder. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const folder = process.env.SCREENSHOTS
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
}
