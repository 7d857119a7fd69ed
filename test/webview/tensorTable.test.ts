import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, posted, send } from '../support/browser.ts'
import { viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(2)
const stats = recorded.recordedStats(model)
const settings = { type: 'settings', settings: recorded.settings }

describe('the table of tensors', () => {
  const pages = viewPages()
  let page: Page
  beforeEach(async () => (page = await pages.open('inspector')))
  const headings = () => page.locator('.tableHeading').allInnerTexts()

  it('has tensors below their blocks or roles, in order, and a filter that counts tensors alone', async () => {
    await send(page, settings, { type: 'model', model, stats })
    assert.deepEqual(await headings(), [])
    await page.getByLabel('Group by').selectOption('role')
    const filter = page.getByLabel('Filter tensors by name')
    await filter.fill('layers.1')
    assert.deepEqual(await headings(), ['norm · 1 row', 'linear · 6 rows', 'bias · 6 rows'])
    await page.getByText(`13 of ${model.tensors.length}`).waitFor()
    await filter.fill('norm')
    await page.getByLabel('Group by').selectOption('block')
    assert.deepEqual(await headings(), ['outside the blocks · 1 row', 'block 0 · 1 row', 'block 1 · 1 row'])
    const table = page.getByRole('grid', { name: 'Tensors' })
    await table.focus()
    await page.keyboard.press('End')
    await page.locator('.detail .name', { hasText: 'layers.1.final_layer_norm.weight' }).waitFor()
  })

  it('shows a tensor of three dimensions a matrix at a time', async () => {
    const experts = {
      ...model.tensors[2],
      name: 'model.layers.0.mlp.experts',
      shape: [8, 64, 32],
      parameters: 8 * 64 * 32,
    }
    await answer(page, 'tile', recorded.recordedTile(32, 64, false))
    await answer(page, 'detail', recorded.recordedDetail({ ...experts, shape: [64, 32] }, stats[2]))
    await send(page, settings, { type: 'model', model: { ...model, tensors: [experts] }, stats: [] })
    await page.getByLabel('Index of dimension 0').fill('5')
    await page.keyboard.press('Enter')
    const asked = async () =>
      (await posted(page)).flatMap((m) => (m.type === 'ask' ? [m.params as { slice: number[] }] : []))
    await page.waitForFunction("window.posted.some((m) => m.type === 'ask' && m.params.slice?.[0] === 5)")
    assert.deepEqual((await asked()).at(-1)?.slice, [5])
    await page.getByLabel('Index of dimension 0').fill('99')
    await page.keyboard.press('Enter')
    await page.waitForFunction("window.posted.some((m) => m.type === 'ask' && m.params.slice?.[0] === 7)")
  })
})
