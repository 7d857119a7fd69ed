// Chromium for tests of the views: the system's own; without one the tests are left out, and the reason is printed.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium, type Browser, type Page } from 'playwright-core'
import { chromiumArguments, findChromium, noChromium } from '../../scripts/vscode/browser.mjs'
import type { ViewName } from '../../src/protocol/view.ts'
import { harnessPage } from '../webview/harness/page.ts'
import type { ThemeName } from '../webview/harness/themes.ts'
import { lacks } from './skip.ts'

export const root = new URL('../../', import.meta.url).pathname

/** Skips the suite when there is no browser or no built bundle. */
export async function openBrowser(suite: Mocha.Context): Promise<Browser> {
  const executablePath = findChromium()
  const built = existsSync(join(root, 'dist/webview/inspector.js'))
  if (!executablePath) return lacks(suite, noChromium)
  if (!built) return lacks(suite, 'no dist/webview: run npm run build')
  return chromium.launch({ executablePath, args: chromiumArguments })
}

export type { ViewName }

/** A page with the view in it, ready for messages. Suites open theirs by `viewPages`. */
export async function openView(browser: Browser, view: ViewName, theme: ThemeName): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' })
  const script = readFileSync(join(root, `dist/webview/${view}.js`), 'utf8')
  const css = readFileSync(join(root, `dist/webview/${view}.css`), 'utf8')
  await page.setContent(harnessPage({ theme, script, css }))
  return page
}

/** Posts messages as the host does. Resolves when the view has drawn what they say. */
export async function send(page: Page, ...messages: readonly object[]): Promise<void> {
  await page.evaluate((list) => list.forEach((m) => window.postMessage(m)), messages)
  // A view may draw in the frame after the one in which it learns its width, and a canvas in the frame after that.
  await page.evaluate(async () => {
    for (let frame = 0; frame < 3; frame++) {
      await new Promise(requestAnimationFrame)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  })
}

/** Every question of this kind gets this answer. As text: functions do not survive the way into the page. */
export async function answer(page: Page, call: 'tile' | 'detail' | 'weight', value: unknown): Promise<void> {
  await page.evaluate(`window.answers.${call} = () => (${JSON.stringify(value)})`)
}

export async function posted(page: Page): Promise<{ type: string; [field: string]: unknown }[]> {
  return (await page.evaluate('window.posted')) as { type: string; [field: string]: unknown }[]
}
