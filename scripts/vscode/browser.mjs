// Chromium on a VS Code in the browser: start, command palette, webviews.
import { existsSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'

/** The headless shell comes first: it starts a page in a third of the processor time. */
const places = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/opt/google/chrome/chrome',
]

export function findChromium() {
  const asked = process.env.SPARSESCOPE_CHROMIUM
  return (asked ? [asked] : places).find((path) => existsSync(path)) ?? null
}

export const noChromium = 'no Chromium found: install the package chromium-headless-shell, or chromium'

export const chromiumArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** A fresh profile below `folder` each time: a used one remembers editors and layouts. */
export async function launchBrowser(folder, viewport = { width: 1400, height: 900 }) {
  const executablePath = findChromium()
  if (!executablePath) throw new Error(noChromium)
  const context = await chromium.launchPersistentContext(mkdtempSync(join(folder, 'profile-')), {
    executablePath,
    headless: true,
    viewport,
    args: chromiumArguments,
    reducedMotion: 'reduce',
  })
  // A long limit for a busy machine; a missing element still fails.
  context.setDefaultTimeout(120_000)
  return { context, page: context.pages()[0] }
}

/**
 * The palette lists the commands at the time it opens, so it is opened again until the command is there; also because
 * a webview that is just coming up takes the key for itself.
 */
export async function findCommand(page, title, timeout = 120_000) {
  const deadline = Date.now() + timeout
  // A machine that is too slow for the first attempt gets more time in each that follows.
  for (let times = 1; ; times++) {
    const input = page.locator('.quick-input-widget input[type=text]').first()
    const row = page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first()
    try {
      await page.keyboard.press('F1')
      await input.waitFor({ timeout: 3000 * times })
      await input.fill(`>${title}`, { timeout: 3000 * times })
      await row.waitFor({ timeout: 1500 * times })
      return row
    } catch (error) {
      await page.keyboard.press('Escape')
      if (Date.now() > deadline) throw error
    }
  }
}

/** Runs a command by the palette. It is opened again if something else, such as a walkthrough, takes the focus meanwhile. */
export async function runCommand(page, title, timeout = 120_000) {
  const deadline = Date.now() + timeout
  for (;;) {
    try {
      return await (await findCommand(page, title)).click({ timeout: 5000 })
    } catch (error) {
      if (Date.now() > deadline) throw error
      await page.keyboard.press('Escape')
    }
  }
}

/** The document inside the webview that is in sight. */
export function webview(page) {
  return page.frameLocator('iframe.webview.ready:visible').first().frameLocator('iframe#active-frame')
}
