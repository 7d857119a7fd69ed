// The inspector on a file that is only looked at.
import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, send } from '../support/browser.ts'
import { keepPicture, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const settings = { type: 'settings', settings: recorded.settings }
const shown = { type: 'model', model, stats }
const q = model.tensors[2]

describe('the inspector of a GGUF file in Chromium', () => {
  const pages = viewPages()
  let page: Page

  it('is shown with its metadata and types, and nothing is offered that would compute with it', async () => {
    const metadata = {
      'general.architecture': 'llama',
      'tokenizer.ggml.tokens': '["<s>", "a", "b", "c", … 49152 in all]',
    }
    const tensors = model.tensors.map((tensor) => (tensor.role === 'linear' ? { ...tensor, dtype: 'Q4_K' } : tensor))
    const gguf = { ...model, tensors, metadata, label: 'opt-Q4_K_M.gguf', modelType: 'llama', lookOnly: true }
    page = await pages.open('inspector', { width: 1280 })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(q, stats[2]))
    await send(page, settings, { ...shown, model: gguf })
    await page.getByRole('heading', { name: 'opt-Q4_K_M.gguf' }).waitFor()
    await page.getByText('Q4_K').first().waitFor()
    for (const name of ['Prune…', /^Measure/])
      assert.equal(await page.getByRole('button', { name }).count(), 0, String(name))
    await page.locator('.about > summary').click()
    await page.getByText('Metadata').first().click()
    await page.getByText('49152 in all').waitFor()
    await keepPicture(page, 'inspector-gguf')
    await send(page, settings, shown)
    await page.getByRole('button', { name: 'Prune…' }).waitFor()
  })
})
