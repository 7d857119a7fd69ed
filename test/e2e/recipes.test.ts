import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import {
  activeView,
  closeEditors,
  eventually,
  exists,
  sharedStudio,
  openFile,
  pictureOfFailure,
  type Studio,
} from './studio.ts'

describe('the packaged extension: recipes', function () {
  this.timeout(600_000)
  let studio: Studio
  before(async function () {
    studio = await sharedStudio(this)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })

  it('the tree of models calls a GGUF file GGUF, and opening it says why it cannot be pruned', async () => {
    const { page, workspace } = studio
    writeFileSync(join(workspace, 'tiny-q4.gguf'), 'GGUF\x03\0\0\0 and the rest')
    await runCommand(page, 'Focus on Models View')
    const item = page.getByRole('treeitem', { name: 'tiny-q4.gguf' }).and(page.getByRole('treeitem', { name: /GGUF/ }))
    await item.waitFor()
    await openFile(page, 'tiny-q4.gguf', item)
    await activeView(page).getByText('it is a GGUF file: quantised for inference').waitFor()
  })

  it('a wrong target is underlined, its quick fix mends it, and Run in the lens starts the run', async () => {
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
    await eventually('the quick fix to be applied', async () => {
      await page.keyboard.press('Control+.')
      const fix = page.locator('.action-widget .monaco-list-row', { hasText: 'fc' }).first()
      const found = await fix.waitFor({ timeout: 3000 }).then(
        () => true,
        () => false,
      )
      if (found) await page.keyboard.press('Enter')
      else await page.keyboard.press('Escape')
      return found ? true : undefined
    })
    await squiggle.waitFor({ state: 'detached' })
    await page.locator('.codelens-decoration a', { hasText: 'Run' }).first().click()
    await activeView(page).locator('.badge', { hasText: 'done' }).waitFor()
    assert.ok(exists(workspace, 'opt-wrong', 'model.safetensors'))
    assert.doesNotMatch(readFileSync(join(workspace, 'wrong.prune.yaml'), 'utf8'), /fc3/)
  })
})
