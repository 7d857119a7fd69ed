// The masks of a pruned model, measured from its Inspector.
import assert from 'node:assert/strict'
import { answer, posted, send } from '../support/browser.ts'
import { viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const q = model.tensors[2]

describe('room by one swap in Chromium', () => {
  const pages = viewPages()

  it('the masks of a pruned model are measured on request: the map and the rows show how much swaps would gain', async () => {
    const page = await pages.open('inspector', { width: 1280 })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(q, stats[2]))
    await send(page, { type: 'settings', settings: recorded.settings }, { type: 'model', model, stats })
    await page.getByRole('button', { name: 'Measure room…' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'measureRoom'))
    const colour = page.getByRole('combobox', { name: 'Colour by' })
    assert.equal(await colour.getByRole('option', { name: 'Room by one swap' }).count(), 0)
    const certificate = { rows: 4, error: 2, room: 0.07, rows_without_room: 0.5, room_by_part: [0, 0.14, 0, 0.02] }
    const certificates = Object.fromEntries(
      model.tensors.flatMap(({ name, role }) => (role === 'linear' ? [[name, certificate]] : [])),
    )
    const update = { modules: [], loss: null, certificates, done: 1, total: 1 }
    await send(page, { type: 'analysis', update }, { type: 'analysisEnd', problem: null })
    await colour.selectOption('room')
    await page.getByRole('heading', { name: 'Room by one swap by block and module' }).waitFor()
    await send(page, { type: 'select', name: q.name })
    await page.getByText(/of the error, by row: 0.* to 14/).waitFor()
  })

  it('masks are not offered for measuring before zeros are counted, nor in a dense model', async () => {
    const page = await pages.open('inspector', { width: 1280 })
    const measure = page.getByRole('button', { name: 'Measure room…' })
    await send(page, { type: 'settings', settings: recorded.settings }, { type: 'model', model, stats: [] })
    await page.getByRole('heading', { name: model.label }).first().waitFor()
    assert.equal(await measure.count(), 0)
    const few = stats.map((one) => ({
      ...one,
      zeros: one === stats[2] ? 0.07 * q.parameters : 0,
      sparsity: one === stats[2] ? 0.07 : 0,
    }))
    await send(page, { type: 'model', model, stats: few })
    await page.getByText('of the block weights happen to be zero').waitFor()
    assert.equal(await measure.count(), 0)
    await send(page, { type: 'model', model, stats })
    await measure.waitFor()
  })
})
