import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { RunEvent } from '../../src/runs/series/events.ts'
import { posted, send } from '../support/browser.ts'
import { chooseInMenu, figureMenus } from '../support/figureMenu.ts'
import { tooWide, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const run = recorded.recordedRun(12)
const settings = { type: 'settings', settings: recorded.settings }
const place = { time: '', status: 'done', started: 0 }
const listing = {
  type: 'runs',
  current: 'a',
  runs: [
    { folder: 'a', name: 'wanda50', ...place },
    { folder: 'b', name: 'recipe 0', ...place },
  ],
}
const events = (list: readonly RunEvent[], folder: string) => ({ type: 'events', folder, from: 0, events: list })

describe('the map of errors in the view of a run in Chromium', () => {
  const pages = viewPages()
  let page: Page
  beforeEach(async () => {
    page = await pages.open('run')
  })

  it('shows errors by block and step over the error before, by keyboard, as a table and as a file', async () => {
    await send(page, listing, settings, events(run, 'a'))
    const card = page.locator('section.card', { has: page.getByRole('heading', { name: 'Error by block and step' }) })
    const map = card.getByRole('grid', { name: 'Error by block and step' })
    assert.equal(await card.getByLabel('Errors of').count(), 0)
    await map.focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight']) await page.keyboard.press(key)
    assert.match(
      await page.locator('.srOnly[role=status]').innerText(),
      /^block 2, step 2: 0\.\d+ × the error before, mean squared error 0\.0\d+$/,
    )
    await page.keyboard.press('End')
    assert.match(await page.locator('.srOnly[role=status]').innerText(), /^block 2, step 30: 0\.\d+ ×/)
    await card.getByText('Error over the block’s error before (log)').waitFor()
    await chooseInMenu(figureMenus(card), 'Show as table')
    const cells = await card.getByRole('table').locator('td').allTextContents()
    assert.equal(cells.length, 12 * 30)
    assert.ok(cells.every((cell) => /^(0\.\d+ ×|–)$/.test(cell)))
    await chooseInMenu(figureMenus(card), 'Save as SVG')
    const file = (await posted(page)).findLast(({ type }) => type === 'export') as unknown as { content: string }
    assert.match(file.content, /Error by block and step.*\(log\)/s)
  })
  it('is not there for a run that fits no block step by step, and fits 600 px', async () => {
    const card = page.getByRole('grid', { name: 'Error by block and step' })
    const whole = run.map((event) => (event.type === 'step' ? { ...event, block: undefined } : event))
    await send(page, listing, settings, events(whole as RunEvent[], 'a'))
    assert.equal(await card.count(), 0)
    await page.setViewportSize({ width: 600, height: 900 })
    await send(page, events(run, 'a'))
    await card.waitFor()
    assert.ok((await tooWide(page)) <= 0)
  })
})
