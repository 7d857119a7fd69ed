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
    await view.getByRole('button', { name: /^Measure Wanda here/ }).click()
    await view.locator('option', { hasText: 'Wanda (measured)' }).waitFor({ state: 'attached' })
    await openFile(page, 'reconstruct.prune.yaml')
    await runCommand(page, 'SparseScope: Run Recipe')
    await activeView(page).locator('.badge', { hasText: 'done' }).waitFor({ timeout: 240_000 })
    await activeView(page).getByRole('button', { name: 'Compare…' }).click()
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'pruned ↔ recovered' }).click()
    await activeView(page).locator('.verdict').waitFor()
    assert.match(await activeView(page).locator('.verdict').innerText(), /preserved|kept|mask/i)
    await closeEditors(page)
  })

  it('measures one block first', async () => {
    const view = await openModel(studio.page, 'opt')
    await view.getByLabel('Method to measure').selectOption('alps')
    await view.getByRole('button', { name: 'One block first' }).click()
    await view.locator('option', { hasText: 'ALPS (1 of 2 blocks)' }).waitFor({ state: 'attached' })
  })
})
