import assert from 'node:assert/strict'
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { formatShare } from '../../src/formatting/numbers.ts'
import {
  activeView,
  chooseFromMenu,
  cli,
  closeEditors,
  exists,
  openModel,
  sharedStudio,
  openFile,
  studioOf,
} from './studio.ts'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { root } from '../support/browser.ts'
import { until } from '../support/until.ts'

interface Inspection {
  tensors: { name: string; zeros: number; sparsity: number }[]
  totals: { linears: { sparsity: number } }
}

describe('the packaged extension, in a checkpoint', function () {
  this.timeout(600_000)
  const studio = studioOf(sharedStudio)

  it('shows the numbers of `sparsescope inspect`', async () => {
    const { page, workspace } = studio
    const pruned = join(workspace, 'pruned')
    const made = cli('prune', join(workspace, 'opt'), '--method', 'magnitude', '--sparsity', '0.4', '--out', pruned)
    assert.equal(made.status, 0)
    const { json } = cli('inspect', pruned, '--stats')
    const { tensors, totals } = json as Inspection
    await page.getByRole('treeitem', { name: 'pruned', exact: true }).waitFor()
    const view = await openModel(page, 'pruned')
    await view.getByText('tensors scanned').first().waitFor()
    const share = formatShare(totals.linears.sparsity, 1).replace(' ', '\u00a0')
    assert.equal(await view.locator('.say b').innerText(), share)
    const fc1 = tensors.find((t) => t.name.endsWith('layers.1.fc1.weight'))
    assert.ok(fc1)
    await view.getByLabel('Filter tensors by name').fill('layers.1.fc1.weight')
    await view.locator('.tableRow:visible', { hasText: 'fc1' }).first().click()
    const zeros = `${formatShare(fc1.sparsity)} (${fc1.zeros.toLocaleString('en-US')})`
    await view.locator('.facts dd', { hasText: zeros }).waitFor()
    await view.getByRole('heading', { name: 'Histogram' }).waitFor()
    await closeEditors(page)
  })

  it('offers Prune… on checkpoints and folders only', async () => {
    const { page } = studio
    await page.getByRole('treeitem', { name: 'notes.txt' }).click({ button: 'right' })
    await page.locator('.monaco-menu .action-label', { hasText: /^Rename/ }).waitFor()
    assert.equal(await page.locator('.monaco-menu .action-label', { hasText: 'SparseScope' }).count(), 0)
    await page.keyboard.press('Escape')
  })

  it('exports a GGUF file and opens it, and refuses to export one of OPT', async () => {
    const { page, workspace } = studio
    await chooseFromMenu(page, 'opt', 'Export to GGUF…')
    await page.locator('.notification-list-item', { hasText: 'no GGUF file is made of OPT models' }).waitFor()
    await runCommand(page, 'Notifications: Clear All Notifications')
    const folder = join(workspace, 'tiny-llama')
    cpSync(join(root, 'samples/llama'), folder, { recursive: true })
    await chooseFromMenu(page, 'tiny-llama', 'Open Model Overview')
    const view = activeView(page)
    // A page takes the focus when it is ready, which would close the choices.
    await view.getByText('Stored', { exact: true }).waitFor()
    await runCommand(page, 'SparseScope: Export to GGUF…')
    const choices = page.locator('.quick-input-list .monaco-list-row')
    await choices.filter({ hasText: 'as the checkpoint has it' }).waitFor()
    await choices.filter({ hasText: 'q8_0' }).click()
    const place = page.locator('.quick-input-widget input').first()
    await until('the place', async () => (await place.inputValue()).endsWith('tiny-llama-q8_0.gguf'))
    await page.keyboard.press('Enter')
    const done = page.locator('.notification-list-item', { hasText: 'tiny-llama-q8_0.gguf is written' })
    await done.getByRole('button', { name: 'Open' }).click()
    await activeView(page).getByText('llama').first().waitFor()
    assert.ok(exists(workspace, 'tiny-llama-q8_0.gguf'))
    await closeEditors(page)
    for (const made of [folder, `${folder}-q8_0.gguf`]) rmSync(made, { recursive: true })
  })

  it('says in a comparison whether sparsity survived', async () => {
    const { page, workspace } = studio
    assert.ok(exists(workspace, 'pruned', 'model.safetensors'))
    await chooseFromMenu(page, 'pruned', 'Select Checkpoint for Compare')
    await chooseFromMenu(page, 'opt', 'Compare Checkpoint with…')
    const view = activeView(page)
    const { json } = cli('compare', join(workspace, 'pruned'), join(workspace, 'opt'))
    await view.locator('.say', { hasText: (json as { verdict: string }).verdict }).waitFor()
    await closeEditors(page)
  })

  it('the view of which weights train shows what a recipe prunes', async () => {
    const { page } = studio
    await openFile(page, 'reconstruct.prune.yaml')
    await runCommand(page, 'SparseScope: Show Which Weights Train')
    const view = activeView(page)
    await view.getByRole('tab', { name: 'Prune' }).click()
    await view.locator('.say', { hasText: /of 12 matrices/ }).waitFor()
    await closeEditors(page)
  })
})
