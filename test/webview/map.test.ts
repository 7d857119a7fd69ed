import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages, type PageOptions } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model).map((one) => ({ ...one, zeros: 0, sparsity: 0, nm: {} }))
const settings = { type: 'settings', settings: recorded.settings }
const shown = { type: 'model', model, stats, analysis: recorded.recordedAnalysis(model) }
const pruned = { type: 'model', model, stats: recorded.recordedStats(model) }
const soFar = { measured: 0, blocks: 12, seconds: 240 }

describe('the map of a checkpoint, in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(options: PageOptions = {}): Promise<void> {
    page = await pages.open('inspector', { width: 1500, ...options })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(model.tensors[2], stats[2]))
  }

  it('marked matrices go to the host by name, to be copied or put into a recipe', async () => {
    await open()
    await send(page, settings, shown)
    const row = page.getByRole('group', { name: 'Marked matrices' })
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    for (const key of ['Home', 'Shift+ArrowDown']) await page.keyboard.press(key)
    for (const name of ['Copy as targets', 'Copy as ignore', 'Put into a recipe…'])
      await row.getByRole('button', { name }).click()
    const names = [0, 1].map((block) => `model.decoder.layers.${block}.self_attn.q_proj.weight`)
    assert.deepEqual(
      (await posted(page)).filter(({ type }) => type === 'useMarked'),
      ['targets', 'ignore', 'recipe'].map((as) => ({ type: 'useMarked', as, names })),
    )
  })

  it('offers no recipe line for a model that can only be inspected', async () => {
    await open()
    await send(page, settings, { ...shown, model: { ...model, lookOnly: true } })
    const row = page.getByRole('group', { name: 'Marked matrices' })
    assert.equal(await row.count(), 0, 'nothing is said of the matrix that the page has chosen')
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    await page.keyboard.press('Home')
    await row.getByText('1 matrix marked').waitFor()
    assert.equal(await page.getByRole('button', { name: /^(Copy as|Put into)/ }).count(), 0)
  })

  it('has one primary action, and the sentence, the colours and the table of a pruned model each show its zeros once', async () => {
    await open()
    await send(page, settings, pruned, { type: 'measurable', soFar })
    await page
      .locator('.say', { hasText: /^\d\d\.\d\u00a0% of the block weights are exactly zero, falling from/ })
      .waitFor()
    const primary = page.locator('button:not([class], [role=columnheader] button)').filter({ visible: true })
    assert.deepEqual(await primary.allInnerTexts(), ['Prune…'])
    assert.equal(await page.getByRole('group', { name: 'Cost of pruning' }).count(), 0)
    assert.equal(await page.getByRole('columnheader', { name: 'On the map' }).count(), 0)
    await page.getByRole('combobox', { name: 'Colour by' }).selectOption('meanAbs')
    await page.getByRole('columnheader', { name: 'On the map' }).waitFor()
  })

  it('dark is few zeros on the map and in the matrix', async () => {
    await open()
    const tile = recorded.recordedTile(64, 64, false)
    const half = Buffer.alloc(64 * 64, 255).fill(0, 0, 32 * 64)
    await answer(page, 'tile', { ...tile, density: half.toString('base64') })
    await send(page, settings, pruned)
    await send(page, { type: 'select', name: model.tensors[2].name })
    await page.locator('.detail .legend', { hasText: 'exact zeros: 0 %' }).waitFor()
    const light = (share: number) =>
      page.locator('.detail canvas').evaluate((canvas, at) => {
        const { width, height } = canvas as HTMLCanvasElement
        const [r, g, b] = (canvas as HTMLCanvasElement)
          .getContext('2d')!
          .getImageData(width / 2, Math.floor(at * height), 1, 1).data
        return r + g + b
      }, share)
    const [allZeros, noZeros] = [await light(0.25), await light(0.75)]
    assert.ok(allZeros > noZeros, `${allZeros} is lighter than ${noZeros}`)
  })

  for (const theme of ['light', 'dark', 'highContrast', 'highContrastLight'] as const)
    for (const width of [1500, 600])
      it(`fits ${width} pixels in ${theme}`, async () => {
        await open({ theme, width })
        await send(page, settings, shown)
        assert.ok((await tooWide(page)) <= 0)
        await keepPicture(page, `map-${theme}-${width}`)
      })
})
