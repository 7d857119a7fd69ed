import assert from 'node:assert/strict'
import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/browser.ts'
import { activeView, chooseFromMenu, cli, sharedStudio, studioOf } from './studio.ts'

const recipe = `version: 1
model: ./tiny
prune: [{method: magnitude, sparsity: 0.8}]
save: {to: ./tiny-pruned}
`

describe('the packaged extension, by Try It', function () {
  this.timeout(600_000)
  const studio = studioOf(sharedStudio)

  it('writes the texts of a pruned checkpoint and its source side by side, as generate does', async () => {
    const { page, workspace } = studio
    const tiny = join(workspace, 'tiny')
    cpSync(join(root, 'samples/opt'), tiny, { recursive: true })
    writeFileSync(join(workspace, 'tiny.prune.yaml'), recipe)
    assert.equal(cli('run', join(workspace, 'tiny.prune.yaml'), '--device', 'cpu').status, 0)
    await chooseFromMenu(page, 'tiny-pruned', 'Try It')
    await page.locator('.tab.active', { hasText: 'Try It' }).waitFor()
    const view = activeView(page)
    const tokens = (name: string) => view.getByRole('listbox', { name: `Tokens of ${name}` })
    await view.getByRole('textbox', { name: 'Prompt' }).fill('The king said')
    await view.getByRole('spinbutton', { name: 'New tokens' }).fill('8')
    await view.getByRole('button', { name: 'Generate' }).click()
    await view.locator('[data-status]', { hasText: 'Generated with' }).waitFor()
    const { json } = cli('generate', tiny, '--device', 'cpu', '--prompt', 'The king said', '--max-tokens', '8')
    assert.equal(await tokens('dense: tiny').textContent(), (json as { text: string }).text)
    // Pruned so hard, it says something else, and the dense model has been asked about it.
    await tokens('pruned: tiny-pruned').locator('.differs').waitFor()
    assert.equal(await tokens('pruned: tiny-pruned').locator('[data-surprise]').count(), 8)
    await tokens('dense: tiny').getByRole('option').first().focus()
    // The predictions of both at that token.
    assert.equal(await view.locator('.tokenCard tr').count(), 10)
  })
})
