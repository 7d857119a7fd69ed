import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages, type PageOptions } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model).map((one) => ({ ...one, zeros: 0, sparsity: 0, nm: {} }))
const settings = { type: 'settings', settings: recorded.settings }
const shown = { type: 'model', model, stats, analysis: recorded.recordedAnalysis(model) }

describe('the map of a checkpoint, in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(options: PageOptions = {}): Promise<void> {
    page = await pages.open('inspector', { width: 1500, ...options })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(model.tensors[2], stats[2]))
  }

  it('copies marked matrices as a line of a recipe, targets or ignore', async () => {
    await open()
    await send(page, settings, shown)
    const row = page.getByRole('group', { name: 'Marked matrices' })
    const copied = async () => (await posted(page)).filter(({ type }) => type === 'copy').map(({ text }) => text)
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    for (const key of ['Home', 'Shift+End', 'Shift+ArrowDown']) await page.keyboard.press(key)
    await row.getByRole('button', { name: 'Copy as targets' }).click()
    assert.deepEqual(await copied(), [String.raw`targets: ["re:model\\.decoder\\.layers\\.(0|1)\\."]`])
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    await page.keyboard.press('Home')
    await row.getByRole('button', { name: 'Copy as ignore' }).click()
    assert.equal((await copied()).at(-1), 'ignore: ["model.decoder.layers.1.self_attn.q_proj"]')
  })

  it('offers no line of a recipe for a model that is only looked at', async () => {
    await open()
    await send(page, settings, { ...shown, model: { ...model, lookOnly: true } })
    await page.getByRole('group', { name: 'Marked matrices' }).getByText('1 matrix marked').waitFor()
    assert.equal(await page.getByRole('button', { name: /^Copy as/ }).count(), 0)
  })

  it('measures any method in place, one block first, and stops', async () => {
    await open()
    const methods = [
      { method: 'wanda', measured: 12, blocks: 12, seconds: [0, 0] },
      { method: 'alps', measured: 0, blocks: 12, seconds: [200, 290] },
    ]
    await send(page, settings, shown, { type: 'measurable', methods })
    await page.getByRole('button', { name: 'Measure ALPS here (about 3–5 min)' }).click()
    await page.getByRole('button', { name: 'One block first' }).click()
    const asked = (await posted(page)).filter(({ type }) => type === 'analyse')
    assert.deepEqual(asked, [
      { type: 'analyse', methods: ['alps'] },
      { type: 'analyse', methods: ['alps'], blocks: 1 },
    ])
    await page.getByRole('combobox', { name: 'Method to measure' }).selectOption('wanda')
    assert.ok(await page.getByRole('button', { name: 'Wanda is measured' }).isDisabled())
    await send(page, { type: 'analysis', update: { modules: [], loss: null, done: 3, total: 12 } })
    assert.equal(await page.getByRole('progressbar', { name: 'Measuring' }).getAttribute('value'), '0.25')
    await page.getByRole('button', { name: 'Stop' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'analyseCancel'))
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
