import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const settings = { type: 'settings', settings: recorded.settings }
const q = model.tensors[2]

describe('the Inspector of a model on the Hub', () => {
  const pages = viewPages()
  let page: Page

  it('shows its header, and fetches a tensor after a click that says how much that is', async () => {
    const card = '# <img src=x onerror="window.hacked = 1">'
    const place = { address: 'https://hub.example/org/tiny', commit: '0'.repeat(40), files: 9, bytes: 5e6 }
    const remote = { ...place, config: '{"model_type": "opt"}', card, isGguf: false }
    const there = { type: 'model', model: { ...model, label: 'org/tiny', lookOnly: true, remote }, stats: [] }
    for (const width of [600, 1280]) {
      page = await pages.open('inspector', { width })
      await answer(page, 'tile', recorded.recordedTile(64, 64, false))
      await answer(page, 'detail', recorded.recordedDetail(q, stats[2]))
      await send(page, settings, there)
      const detail = page.locator('.detail')
      await send(page, { type: 'select', name: q.name })
      await detail.getByText(q.name, { exact: true }).first().waitFor()
      const asked = async () => (await posted(page)).filter(({ type }) => type === 'ask')
      assert.deepEqual(await asked(), [], 'nothing is fetched by looking')
      assert.equal(await detail.locator('canvas').count(), 0)
      await page.getByText('9 files, 5 MB, commit 000000000000').waitFor()
      await keepPicture(page, `remote-${width}`)
      assert.equal(await tooWide(page), 0)
      const primary = page.locator('button:not([class], [role=columnheader] button)')
      assert.deepEqual(await primary.allInnerTexts(), ['Pull and prune…'])
      await page.getByText('Model card').click()
      await page.getByText(card).waitFor()
      assert.equal(await page.evaluate('window.hacked'), undefined)
      assert.equal(
        await page.getByRole('button', { name: /Try it|Analyse|Plan pruning|Compute statistics/ }).count(),
        0,
      )
      await detail.getByRole('button', { name: /^Fetch its weights \(.*B\)$/ }).click()
      await detail.getByText('Exact zeros', { exact: true }).waitFor()
      const calls = (await asked()).map(({ call }) => String(call))
      assert.deepEqual([...new Set(calls)].sort(), ['detail', 'tile'])
      await page.locator('.tableRow[aria-selected=true]').getByText(/%/).first().waitFor()
      await keepPicture(page, `remote-fetched-${width}`)
    }
    await page.getByRole('button', { name: 'Pull…', exact: true }).click()
    await page.getByRole('button', { name: 'Pull and prune…' }).click()
    const types = (await posted(page)).map(({ type }) => type)
    assert.ok(types.includes('pull') && types.includes('prune'))
    await send(page, { type: 'settings', settings: { ...recorded.settings, trusted: false } })
    assert.ok(await page.getByRole('button', { name: 'Pull…', exact: true }).isDisabled())
  })
})
