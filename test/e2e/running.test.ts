import assert from 'node:assert/strict'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { root } from '../support/browser.ts'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import {
  activeView,
  choose,
  chooseFromMenu,
  backendPids,
  cli,
  closeEditors,
  exists,
  openFile,
  openStudio,
  studioOf,
} from './studio.ts'
import { until } from '../support/until.ts'

describe('the packaged extension, with a run', function () {
  this.timeout(600_000)
  // Long runs go on beside what is done with the window: they leave it a processor.
  const studio = studioOf((suite) => openStudio(suite, { settings: { 'sparsescope.backend.threads': 1 } }))
  after(() => studio.stop())

  async function runRecipe(name: string) {
    const { page } = studio
    await openFile(page, name)
    await runCommand(page, 'SparseScope: Run Recipe')
    return activeView(page)
  }
  const status = (text: string) => activeView(studio.page).locator('.badge', { hasText: text })

  it('makes a checkpoint by right-click, Prune…, a method, no recovery, Create and run', async () => {
    const { page, workspace } = studio
    await chooseFromMenu(page, 'opt', 'Prune Checkpoint')
    await page.locator('.tab.active', { hasText: 'Prune opt' }).waitFor()
    const form = activeView(page)
    await form.locator('summary').click()
    await form.getByRole('combobox', { name: 'Method' }).selectOption('Magnitude')
    await form.getByRole('combobox', { name: 'Recovery' }).selectOption('None')
    await form.getByRole('region', { name: 'Estimates' }).getByText('memory').waitFor()
    await form.getByRole('button', { name: 'Create and run' }).click()
    await status('done').waitFor()
    assert.ok(exists(workspace, 'opt-magnitude50.prune.yaml'))
    assert.ok(exists(workspace, 'opt-magnitude50', 'model.safetensors'))
    await closeEditors(page)
  })

  it('prunes and recovers as Balanced in four decisions at most, and compares pruned with recovered', async () => {
    const { page, workspace } = studio
    for (const name of ['opt', 'text'])
      cpSync(join(root, 'samples', name), join(workspace, 'sample', name), { recursive: true })
    await page.getByRole('treeitem', { name: 'sample', exact: true }).click()
    let decisions = 0
    const decide = async (does: Promise<unknown>) => {
      decisions++
      await does
    }
    const model = page.getByRole('treeitem', { name: 'opt', exact: true }).nth(1)
    await decide(chooseFromMenu(page, 'opt', 'Prune Checkpoint', model))
    await page.locator('.tab.active', { hasText: 'Prune opt' }).waitFor()
    const form = activeView(page)
    await form.getByText(/about .* of memory/).waitFor()
    // A method whose mask does not give the pruned model back, and a recovery, are what the form proposes.
    assert.ok(await form.getByRole('radio', { name: /^Balanced/ }).isChecked())
    assert.match((await form.locator('pre').textContent()) ?? '', /method: alps[^]*mode: retrain[^]*pruned: \S*-pruned/)
    // Fewer windows and steps than proposed, which nobody has to decide: this is about the way, not the result.
    await form.locator('summary').click()
    await form.getByRole('spinbutton', { name: 'Windows', exact: true }).fill('16')
    await form.getByRole('spinbutton', { name: 'Steps' }).fill('8')
    await decide(form.getByRole('button', { name: 'Create and run' }).click())
    await status('done').waitFor({ timeout: 400_000 })
    assert.ok(decisions <= 4)
    const run = activeView(page)
    const chart = run.getByRole('region', { name: 'Cost of pruning and gap closed by recovery' })
    for (const stage of ['dense', 'pruned', 'recovered'])
      await chart.locator('svg text', { hasText: stage }).first().waitFor()
    for (const place of ['opt-alps50', 'opt-alps50-pruned'])
      assert.ok(exists(workspace, 'sample', place, 'model.safetensors'), place)
    await run.getByRole('button', { name: /Compare/ }).click()
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'pruned ↔ recovered' }).click()
    await page.locator('.tab.active', { hasText: 'opt-alps50-pruned ↔ opt-alps50' }).waitFor()
    await activeView(page)
      .getByText(/\d+ changed/)
      .waitFor()
    await page.locator('.tab', { hasText: /^opt-alps50 · / }).click()
    await activeView(page).getByRole('button', { name: 'Try it' }).click()
    for (const role of ['dense', 'pruned', 'recovered']) await activeView(page).getByText(role).first().waitFor()
    await closeEditors(page)
    await page.getByRole('treeitem', { name: 'sample', exact: true }).click()
  })

  it('opens its report from the view and from the tree of runs', async () => {
    const { page } = studio
    await choose(page, 'SparseScope: Open Run', 'opt-magnitude50')
    await activeView(page)
      .getByText(/Saved to .*opt-magnitude50/)
      .waitFor()
    await activeView(page).getByRole('button', { name: 'Compare…' }).click()
    await page.locator('.tab.active', { hasText: 'opt ↔ opt-magnitude50' }).waitFor()
    await activeView(page)
      .getByText(/\d+ changed/)
      .waitFor()
    await page.locator('.tab', { hasText: /^opt-magnitude50 · / }).click()
    await activeView(page).getByRole('button', { name: 'More actions' }).click()
    await activeView(page).getByRole('menuitem', { name: 'Open report' }).click()
    const tab = page.locator('.tab.active', { hasText: 'Report of opt-magnitude50' })
    const table = () =>
      activeView(page)
        .getByRole('row', { name: /pruned/ })
        .first()
    await tab.waitFor()
    await table().waitFor()
    await closeEditors(page)
    await runCommand(page, 'Focus on Runs View')
    const run = page.getByRole('treeitem', { name: /opt-magnitude50, done/ })
    await run.hover()
    await run.getByRole('button', { name: 'Open Report' }).click()
    await tab.waitFor()
    await table().waitFor()
    await closeEditors(page)
    await runCommand(page, 'View: Show Explorer')
  })

  it('shows the numbers of an unwatched run in a message, which opens its report', async () => {
    const { page } = studio
    await runRecipe('watched.prune.yaml')
    await status('running').waitFor()
    await closeEditors(page)
    const toast = page.locator('.notification-toast', { hasText: 'watched: perplexity' })
    await toast.waitFor({ timeout: 240_000 })
    const text = await toast.innerText()
    assert.match(
      text,
      /perplexity [\d.]+ dense → [\d.]+ pruned → [\d.]+ recovered, sparsity 50\.00 %, saved to .*opt-watched/,
    )
    await toast.getByRole('button', { name: 'Open Report' }).click()
    await page.locator('.tab.active', { hasText: 'Report of watched' }).waitFor()
    await activeView(page)
      .getByRole('row', { name: /pruned/ })
      .first()
      .waitFor()
    await closeEditors(page)
  })

  it('fills the blocks during reconstruction, and saves the mask', async () => {
    const { page, workspace } = studio
    const view = await runRecipe('reconstruct.prune.yaml')
    await view.locator('.chart .bar').first().waitFor()
    await status('done').waitFor()
    const recovered = (of: typeof view) => of.locator('.runStages li', { hasText: 'Recovered' }).locator('b')
    await recovered(view).waitFor()
    const saved = join(workspace, 'opt-reconstructed')
    assert.equal(cli('compare', saved, saved, '--expect', 'mask-preserved').status, 0)
    const { json } = cli('inspect', saved, '--stats')
    const { sparsity } = (json as { totals: { linears: { sparsity: number } } }).totals.linears
    assert.ok(Math.abs(sparsity - 0.5) < 0.01, `sparsity ${sparsity}`)
    // Reloading the window shows the same picture from the events.
    await reload(page)
    await status('done').waitFor()
    await recovered(activeView(page)).waitFor()
    await closeEditors(page)
  })

  it('pauses and continues it; Cancel stops it and leaves no checkpoint', async () => {
    const { page, workspace } = studio
    const view = await runRecipe('long.prune.yaml')
    await view.locator('.runStages .now', { hasText: 'block 1 of' }).waitFor()
    await view.getByRole('button', { name: 'Pause' }).click()
    await status('paused').waitFor()
    await view.getByRole('button', { name: 'Continue' }).click()
    await status('running').waitFor()
    await view.getByRole('button', { name: 'Cancel' }).click()
    await status('cancelled').waitFor()
    assert.ok(!exists(workspace, 'opt-long'))
    await closeEditors(page)
  })

  it('keeps it when the window is reloaded: the view finds it, and the buttons act on it', async () => {
    const { page, workspace } = studio
    // Only cancelling ends it, however fast this machine is; it is asked first whether to run for so long.
    setLongSteps(workspace, 1_000_000_000)
    const view = await runRecipe('long.prune.yaml')
    const question = page.locator('.monaco-dialog-box', { hasText: 'Run this recipe?' })
    await question.getByText('About').waitFor()
    await question.getByRole('button', { name: 'Run', exact: true }).click()
    await view.locator('.runStages .now', { hasText: 'block 1 of' }).waitFor()
    const pids = backendPids(workspace)
    assert.equal(pids.length, 1, `backends: ${pids.join(', ')}`)
    await reload(page)
    await status('running').waitFor()
    // Adopted, not only seen on the disk: it can be paused, and stays so over another reload.
    await activeView(page).getByRole('button', { name: 'Pause' }).click()
    await status('paused').waitFor()
    await reload(page)
    await status('paused').waitFor()
    await activeView(page).getByRole('button', { name: 'Continue' }).click()
    await status('running').waitFor()
    assert.deepEqual(backendPids(workspace), pids)
    await activeView(page).getByRole('button', { name: 'Cancel' }).click()
    await status('cancelled').waitFor()
    await closeEditors(page)
  })

  it('says that its backend was killed, and finishes it by Resume', async () => {
    const { page, workspace } = studio
    // Long enough to be met in its second block; it has to be done in the end.
    setLongSteps(workspace, 12_000)
    const view = await runRecipe('long.prune.yaml')
    // The first block is the first thing that a resumed run keeps.
    await until('the first block', async () => (await view.locator('.chart .bar').count()) > 0, 240_000)
    const pids = backendPids(workspace)
    assert.equal(pids.length, 1, `backends: ${pids.join(', ')}`)
    process.kill(pids[0], 'SIGKILL')
    await status('interrupted').waitFor()
    await view.getByRole('button', { name: 'Resume' }).click()
    await status('done').waitFor({ timeout: 240_000 })
    assert.ok(exists(workspace, 'opt-long', 'model.safetensors'))
    await closeEditors(page)
  })
})

function setLongSteps(workspace: string, steps: number): void {
  const recipe = join(workspace, 'long.prune.yaml')
  writeFileSync(recipe, readFileSync(recipe, 'utf8').replace(/steps: \d+/, `steps: ${steps}`))
}

async function reload(page: Page): Promise<void> {
  const loaded = page.waitForEvent('domcontentloaded', { timeout: 60_000 })
  await runCommand(page, 'Developer: Reload Window')
  await loaded
}
