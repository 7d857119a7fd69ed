import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { ggufFile, keyText } from '../support/gguf.ts'
import { activeView, closeEditors, exists, sharedStudio, openFile, studioOf } from './studio.ts'
import { until } from '../support/until.ts'

describe('the packaged extension, with recipes', function () {
  this.timeout(600_000)
  const studio = studioOf(sharedStudio)

  it('calls a GGUF file GGUF in the tree, and shows its tensors or what is wrong with it', async () => {
    const { page, workspace } = studio
    writeFileSync(join(workspace, 'tiny-q4.gguf'), 'GGUF\x03\0\0\0 and the rest')
    await runCommand(page, 'Focus on Models View')
    const item = page.getByRole('treeitem', { name: 'tiny-q4.gguf' }).and(page.getByRole('treeitem', { name: /GGUF/ }))
    await item.waitFor()
    await openFile(page, 'tiny-q4.gguf', item)
    await activeView(page).getByText('in the middle of its header').waitFor()
    const whole = { 'blk.0.attn_q.weight': { type: 0, dims: [4, 2], data: new Uint8Array(32) } }
    writeFileSync(join(workspace, 'whole.gguf'), ggufFile(whole, [keyText('general.architecture', 'llama')]))
    const other = page.getByRole('treeitem', { name: 'whole.gguf' }).and(page.getByRole('treeitem', { name: /GGUF/ }))
    await openFile(page, 'whole.gguf', other)
    await activeView(page).getByRole('heading', { name: 'whole.gguf' }).waitFor()
    await activeView(page).getByText('attn_q').first().waitFor()
  })

  it('a recipe with errors does not run: a message says how many and the line, and Show Problems lists them', async () => {
    const { page, workspace } = studio
    const two =
      'version: 1\nmodel: ./opt\nprune: [{sparsity: 1.5}]\nrecover: {train: [everything]}\nsave: {to: ./never}\n'
    writeFileSync(join(workspace, 'two.prune.yaml'), two)
    await runCommand(page, 'View: Show Explorer')
    await openFile(page, 'two.prune.yaml')
    await page.locator('.squiggly-error').first().waitFor()
    await runCommand(page, 'SparseScope: Run Recipe')
    const toast = page.locator('.notification-toast', { hasText: /two\.prune\.yaml:\d has \d errors, first: / })
    await toast.getByRole('button', { name: 'Show Problems' }).click()
    await page.locator('.markers-panel:visible').getByText('two.prune.yaml').first().waitFor()
    assert.ok(!exists(workspace, 'never'))
    await runCommand(page, 'Notifications: Clear All Notifications')
    await runCommand(page, 'View: Hide Panel')
  })

  it('opens a menu from the status item, with the restart last', async () => {
    const { page } = studio
    await page
      .locator('.statusbar-item', { hasText: /SparseScope|thread/ })
      .first()
      .click()
    const rows = page.locator('.quick-input-list .monaco-list-row')
    await rows.first().waitFor()
    assert.match(await rows.first().innerText(), /Choose Where to Compute/)
    assert.match(await rows.last().innerText(), /Restart Backend/)
    await page.keyboard.press('Escape')
  })

  it('underlines a wrong target, fixes it by a quick fix, and starts the run from the lens', async () => {
    const { page, workspace } = studio
    await closeEditors(page)
    await runCommand(page, 'View: Show Explorer')
    await openFile(page, 'wrong.prune.yaml')
    const squiggle = page.locator('.squiggly-error').first()
    await squiggle.waitFor()
    // To the problem, by keyboard: the cursor then stands in its range.
    await page.locator('.monaco-editor .view-lines').first().click()
    await page.keyboard.press('F8')
    await page.keyboard.press('Escape')
    await until('the quick fix to be applied', async () => {
      await page.keyboard.press('Control+.')
      const fix = page.locator('.action-widget .monaco-list-row', { hasText: 'fc' }).first()
      const found = await fix.waitFor({ timeout: 3000 }).then(
        () => true,
        () => false,
      )
      if (found) await page.keyboard.press('Enter')
      else await page.keyboard.press('Escape')
      return found
    })
    await squiggle.waitFor({ state: 'detached' })
    // Estimates appear once the recipe has no error; they replace the lenses, and a click on one that is being replaced is lost.
    const lenses = page.locator('.codelens-decoration', { hasText: 'modules' }).first()
    const badge = activeView(page).locator('.badge')
    await until('the lens to start the run', async () => {
      await lenses.locator('a', { hasText: 'Run' }).first().click()
      return badge
        .first()
        .waitFor({ timeout: 60_000 })
        .then(() => true)
        .catch(() => false)
    })
    await badge.filter({ hasText: 'done' }).waitFor()
    assert.ok(exists(workspace, 'opt-wrong', 'model.safetensors'))
    assert.doesNotMatch(readFileSync(join(workspace, 'wrong.prune.yaml'), 'utf8'), /fc3/)
  })
})
