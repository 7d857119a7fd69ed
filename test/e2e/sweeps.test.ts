import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { activeView, cli, closeEditors, openStudio, pictureOfFailure, type Studio } from './studio.ts'

const recipe = `version: 1
model: ./opt
prune: [{method: magnitude, sparsity: 0.5}]
calibration: {data: ids.safetensors, samples: 8, seq_len: 16}
recover: {mode: reconstruct, train: [bias, norm], steps: 20}
evaluate: [{task: perplexity, data: ids.safetensors, seq_len: 16, at: [dense, pruned, recovered]}]
sweep: {prune.0.sparsity: [0.4, 0.6], prune.0.method: [magnitude, wanda]}
`

describe('the packaged extension: sweeps', function () {
  this.timeout(240_000)
  let studio: Studio
  before(async function () {
    studio = await openStudio(this)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })
  after(async () => studio?.stop())

  it('a sweep of the command line stands in the tree with its runs, and opens as table, points and curves', async () => {
    const { page, workspace } = studio
    const file = join(workspace, 'four.prune.yaml')
    writeFileSync(file, recipe)
    assert.equal(cli('sweep', 'run', file, '--device', 'cpu').status, 0)
    await runCommand(page, 'Focus on Runs View')
    const sweep = page.getByRole('treeitem', { name: /sweep four, .*4 done|sweep four, .*4 of 4/ })
    await sweep.waitFor({ timeout: 60_000 })
    await sweep.click()
    await page.getByRole('treeitem', { name: /sparsity=0.6,.*wanda, done/ }).waitFor()
    await runCommand(page, 'SparseScope: Open Sweep')
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'four' }).click()
    const view = activeView(page)
    await view.locator('.chart .mark').first().waitFor({ timeout: 60_000 })
    assert.equal(await view.locator('.chart .mark').count(), 4)
    assert.equal(await view.locator('.tableRow:not([hidden])').count(), 4)
    await view.locator('canvas').first().waitFor()
  })

  it('Enter on a row opens its run', async () => {
    const { page } = studio
    const view = activeView(page)
    await view.getByRole('grid', { name: 'Runs' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('.tab.active', { hasText: /four #\d/ }).waitFor()
    await activeView(page).locator('.badge', { hasText: 'done' }).waitFor({ timeout: 60_000 })
    await closeEditors(page)
  })

  it('Compare Runs shows runs that were chosen side by side', async () => {
    const { page } = studio
    await runCommand(page, 'SparseScope: Compare Runs')
    const rows = page.locator('.quick-input-list .monaco-list-row', { hasText: /sparsity=0\.\d/ })
    await rows.first().waitFor()
    for (const i of [0, 1]) await rows.nth(i).click()
    await page.keyboard.press('Enter')
    await page.locator('.tab.active', { hasText: 'Compare' }).waitFor()
    const view = activeView(page)
    await view.locator('.chart .mark').first().waitFor({ timeout: 60_000 })
    assert.equal(await view.locator('.tableRow:not([hidden])').count(), 2)
    await closeEditors(page)
  })
})
