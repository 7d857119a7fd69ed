import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const settings = { type: 'settings', settings: recorded.settings }
const shown = { type: 'model', model, stats }

describe('the inspector during a scan, in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(width = 1280): Promise<void> {
    page = await pages.open('inspector', { width })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(model.tensors[2], stats[2]))
  }

  it('the matrix that the page chose is read after the scan, however it ended, and one that a person chose at once', async () => {
    const asked = async () => (await posted(page)).flatMap((m) => (m.type === 'ask' ? [m.call] : []))
    const ahead = { ...shown, stats: [], scanAhead: true }
    const scan = (one: object) => ({
      type: 'scan',
      progress: { stats: [one], doneBytes: 1, totalBytes: 2, elapsedMs: 1 },
    })
    const follows = () => page.getByText('Its picture appears when the map is complete.')
    await open()
    await send(page, settings, ahead, ...stats.map(scan))
    await follows().waitFor()
    await keepPicture(page, 'detail-follows')
    assert.deepEqual(await asked(), [], 'nothing is asked for before the end of the scan')
    await send(page, { type: 'scanEnd', result: { scanned: 3, skipped: 0, partial: true, problem: 'EIO' } })
    assert.deepEqual((await asked()).toSorted(), ['detail', 'tile'])
    assert.equal(await follows().count(), 0)
    await open()
    await send(page, settings, ahead, scan(stats[0]))
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.locator('.detail .name', { hasText: 'layers.1.' }).waitFor()
    await send(page, scan(stats[1]))
    assert.deepEqual((await asked()).toSorted(), ['detail', 'tile'])
  })

  it('says why statistics stopped before the end, and that they can continue', async () => {
    await open(600)
    const problem = 'cannot read model.safetensors: EIO: i/o error; is its disk still there?'
    const result = { scanned: 0, skipped: 0, partial: true, problem }
    await send(page, settings, { ...shown, stats: stats.slice(0, 3) }, { type: 'scanEnd', result })
    const row = page.locator('.scan')
    await row.getByText(`3 tensors scanned, stopped before the end: ${problem}`).waitFor()
    assert.ok(await row.getByRole('button', { name: 'Continue' }).isVisible())
    assert.ok((await tooWide(page)) <= 0)
    await keepPicture(page, 'scan-stopped')
  })

  it('the time left of a continued scan counts only what this session has read', async () => {
    await open()
    const scan = (doneBytes: number, elapsedMs: number) => ({
      type: 'scan',
      progress: { stats: [], doneBytes, totalBytes: 100e9, elapsedMs },
    })
    await send(page, settings, shown, scan(50e9, 0))
    await page.locator('.scan').getByText('50 GB of 100 GB', { exact: true }).waitFor()
    await send(page, scan(60e9, 10_000))
    await page.locator('.scan').getByText('60 GB of 100 GB · 40 s left', { exact: true }).waitFor()
  })
})
