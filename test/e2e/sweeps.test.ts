import assert from 'node:assert/strict'
import { cpSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { activeView, choose, cli, closeEditors, openFile, openStudio, studioOf } from './studio.ts'
import { scratch } from '../support/scratch.ts'

const recipe = `version: 1
model: ./opt
prune: [{method: magnitude, sparsity: 0.5}]
calibration: {data: ids.safetensors, samples: 8, seq_len: 16}
recover: {mode: reconstruct, train: [bias, norm], steps: 20}
evaluate: [{task: perplexity, data: ids.safetensors, seq_len: 16, at: [dense, pruned, recovered]}]
sweep: {prune.0.sparsity: [0.4, 0.6], prune.0.method: [magnitude, wanda]}
`

describe('the packaged extension, with sweeps', function () {
  this.timeout(600_000)
  const noPrograms = scratch().folder
  const studio = studioOf((suite) => openStudio(suite, { env: { PATH: noPrograms } }))
  after(async () => {
    await studio.stop()
  })

  it('shows a sweep of the command line in the tree, and as table, points and curves', async () => {
    const { page, workspace } = studio
    const file = join(workspace, 'four.prune.yaml')
    writeFileSync(file, recipe)
    assert.equal(cli('sweep', 'run', file, '--device', 'cpu').status, 0)
    await runCommand(page, 'Focus on Runs View')
    const sweep = page.getByRole('treeitem', { name: /sweep four, .*4 done|sweep four, .*4 of 4/ })
    await sweep.waitFor()
    await sweep.click()
    await page.getByRole('treeitem', { name: /^wanda 60 %.*done/ }).waitFor()
    await choose(page, 'SparseScope: Open Sweep', 'four')
    const view = activeView(page)
    await view.locator('.chart .mark').first().waitFor()
    assert.equal(await view.locator('.chart .mark').count(), 4)
    assert.equal(await view.locator('.tableRow:not([hidden])').count(), 4)
    await view.locator('canvas').first().waitFor()
  })

  it('opens the run of a row by Enter', async () => {
    const { page } = studio
    const view = activeView(page)
    await view.getByRole('grid', { name: 'Runs' }).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.locator('.tab.active', { hasText: /four #\d/ }).waitFor()
    await activeView(page).locator('.badge', { hasText: 'done' }).waitFor()
    await closeEditors(page)
  })

  it('shows the runs of all sweeps in Experiments, and exports their table', async () => {
    const { page } = studio
    await runCommand(page, 'SparseScope: Open Experiments')
    const view = activeView(page)
    await view.getByRole('heading', { name: 'Experiments' }).waitFor()
    await view.locator('.chart .mark').nth(3).waitFor()
    await view.getByRole('button', { name: 'Export Table…' }).click()
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'Markdown' }).waitFor()
    await page.keyboard.press('Escape')
    await closeEditors(page)
  })

  it('shows chosen runs side by side by Compare Runs', async () => {
    const { page } = studio
    await runCommand(page, 'SparseScope: Compare Runs')
    const rows = page.locator('.quick-input-list .monaco-list-row', { hasText: /(wanda|magnitude) \d0 %/ })
    await rows.first().waitFor()
    for (const i of [0, 1]) await rows.nth(i).click()
    await page.keyboard.press('Enter')
    await page.locator('.tab.active', { hasText: 'Compare' }).waitFor()
    const view = activeView(page)
    await view.locator('.chart .mark').first().waitFor()
    assert.equal(await view.locator('.tableRow:not([hidden])').count(), 2)
    await closeEditors(page)
  })

  it('asks in Run Sweep how many runs at a time, and opens the sweep that it begins', async () => {
    const { page, workspace } = studio
    await runCommand(page, 'View: Show Explorer')
    writeFileSync(join(workspace, 'two.prune.yaml'), recipe.replace(', prune.0.method: [magnitude, wanda]', ''))
    await openFile(page, 'two.prune.yaml')
    await page.locator('.tab.active', { hasText: 'two.prune.yaml' }).waitFor()
    await runCommand(page, 'SparseScope: Run Sweep')
    await page.locator('.quick-input-message', { hasText: 'Runs at a time' }).waitFor()
    // Begun by somebody else at the same moment: of this recipe, and with a later name.
    const [other] = sweepsOf(workspace, 'four')
    cpSync(other, join(dirname(other), '20991231-235959-two'), { recursive: true })
    await page.keyboard.press('Enter')
    await page.locator('.tab.active', { hasText: 'Sweep two' }).waitFor()
    const view = activeView(page)
    await view.getByText('2 of 2 done').waitFor()
    const [own] = sweepsOf(workspace, 'two')
    await view.locator('header .muted', { hasText: basename(own) }).waitFor()
    await closeEditors(page)
  })
})

/** Oldest first. */
function sweepsOf(workspace: string, recipe: string): string[] {
  const parent = join(workspace, '.sparsescope', 'sweeps')
  const names = readdirSync(parent).filter((name) => name.endsWith(`-${recipe}`))
  return names.sort().map((name) => join(parent, name))
}
