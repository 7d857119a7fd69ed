import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import { writableHub, writeToken, type WritableHub } from '../support/hubWrites.ts'
import { scratch } from '../support/scratch.ts'
import { activeView, closeEditors, openFile, openStudio, studioOf } from './studio.ts'

describe('the packaged extension and the Hub', function () {
  this.timeout(600_000)
  let hub: WritableHub
  const cache = scratch().folder
  before(async () => (hub = await writableHub()))
  const studio = studioOf((suite) =>
    openStudio(suite, { env: { HF_ENDPOINT: hub.endpoint, HF_TOKEN: writeToken, HF_HUB_CACHE: cache } }),
  )
  after(async () => {
    await studio.stop()
    await hub.close()
  })

  it('publishes a finished run after a question that says who can read it, and shows it there', async () => {
    const { page } = studio
    await openFile(page, 'magnitude.prune.yaml')
    await runCommand(page, 'SparseScope: Run Recipe')
    const type = async (name: string) => {
      await page.locator('.quick-input-widget input[type=text]').first().fill(name)
      await page.keyboard.press('Enter')
    }
    const publish = async () => {
      await activeView(page).getByRole('button', { name: 'More actions' }).click()
      await activeView(page).getByRole('menuitem', { name: 'Publish…' }).click()
      await page.getByText('You see the files before anything is sent').waitFor()
      await type('me/tiny')
      // By keyboard: a row of a list that has just opened is replaced while it is clicked.
      await page
        .locator('.quick-input-list .monaco-list-row.focused', { hasText: 'Private' })
        .waitFor({ state: 'attached' })
      await page.keyboard.press('Enter')
    }
    await publish()
    const question = page.getByRole('dialog').filter({ hasText: 'a new repository me/tiny' })
    await question.getByText(/PRIVATE: only those who have access read it[^]*model\.safetensors/).waitFor()
    await question.getByRole('button', { name: 'Cancel' }).click()
    assert.deepEqual([hub.repositories.size, hub.arrived.filter(({ method }) => method !== 'GET')], [0, []])
    await publish()
    await question.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByText('me/tiny is published. The hash of every file was checked.').first().waitFor()
    const there = hub.repositories.get('me/tiny')
    assert.equal(there?.private, true)
    assert.ok(there.branches.get('main')?.files.has('README.md'))
    await closeEditors(page)
    await runCommand(page, 'SparseScope: Inspect Model on the Hub')
    await page.getByText('fetches its headers, config and card').waitFor()
    await type('me/tiny')
    await page.locator('.tab.active', { hasText: 'me/tiny' }).waitFor()
    const view = activeView(page)
    await view.getByRole('gridcell', { name: 'fc1', exact: true }).first().click()
    await view.getByRole('button', { name: /^Fetch its weights \(.*B\)$/ }).click()
    await view.locator('.detail').getByText('50.00 %').first().waitFor()
    assert.deepEqual(readdirSync(cache), [])
  })
})
