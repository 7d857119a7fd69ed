import assert from 'node:assert/strict'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { activeView, closeEditors, openFile, openModel, openStudio, pictureOfFailure, type Studio } from './studio.ts'

describe('the packaged extension, in the map', function () {
  this.timeout(600_000)
  let studio: Studio
  before(async function () {
    studio = await openStudio(this)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })
  after(async () => studio?.stop())

  it('measures a method on the text of the open recipe, and compares the pruned model with the recovered one', async () => {
    const { page } = studio
    await openFile(page, 'reconstruct.prune.yaml')
    const view = await openModel(page, 'opt')
    await view.getByRole('button', { name: /^Measure Wanda, about/ }).click()
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'as in reconstruct.prune.yaml' }).click()
    await view.getByText('Measured with Wanda, by block and by matrix. Choose either under Colour.').waitFor()
    const colour = view.getByRole('combobox', { name: 'Colour by' })
    assert.match((await colour.locator('option:checked').textContent()) ?? '', /^Loss added when only this is pruned/)
    await openFile(page, 'reconstruct.prune.yaml')
    await runCommand(page, 'SparseScope: Run Recipe')
    await activeView(page).locator('.badge', { hasText: 'done' }).waitFor({ timeout: 240_000 })
    await activeView(page).getByRole('button', { name: 'Compare…' }).click()
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'pruned ↔ recovered' }).click()
    // The run page has a sentence of this class too, and is in sight until the comparison opens.
    await page.locator('.tab.active', { hasText: '↔' }).waitFor()
    const sentence = activeView(page).locator('.say')
    await sentence.waitFor()
    assert.match(await sentence.innerText(), /preserved|kept|mask/i)
    await closeEditors(page)
  })

  it('has what was measured when the model is opened again', async () => {
    const view = await openModel(studio.page, 'opt')
    await view.getByText('Measured with Wanda, by block and by matrix. Choose either under Colour.').waitFor()
  })
})
