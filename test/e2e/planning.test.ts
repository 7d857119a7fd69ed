import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { runCommand } from '../../scripts/vscode/browser.mjs'
import {
  activeView,
  closeEditors,
  eventually,
  openFile,
  openModel,
  openStudio,
  pictureOfFailure,
  type Studio,
} from './studio.ts'

interface Entry {
  method: string
  sparsity: number | number[]
  allocation?: string
}

describe('the packaged extension: the map edits the recipe', function () {
  this.timeout(600_000)
  let studio: Studio
  before(async function () {
    studio = await openStudio(this)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })
  after(async () => studio?.stop())

  it('map, measure, allocate, run, compare pruned with recovered: one recipe, one run, no refusal', async () => {
    const { page, workspace } = studio
    const name = 'reconstruct.prune.yaml'
    const recipe = join(workspace, name)
    const entriesSaved = async () => {
      await page.locator('.editor-group-container .monaco-editor').last().click()
      await runCommand(page, 'File: Save')
      // The editor empties the file before it writes.
      return (parse(readFileSync(recipe, 'utf8')) as { prune: Entry[] } | null)?.prune
    }
    await openFile(page, name)
    const view = await openModel(page, 'opt')

    // The recipe stands behind the map: it moves beside, and is not opened a second time.
    await view.getByRole('button', { name, exact: true }).click()
    const groups = page.locator('.editor-group-container')
    await eventually('the recipe to stand beside', async () => (await groups.count()) === 2)
    const mean = view.getByRole('slider', { name: 'Mean sparsity' })
    const bar = (block: number) => view.getByRole('slider', { name: `block ${block}: planned sparsity` })
    await mean.waitFor()
    assert.equal(await mean.getAttribute('aria-valuetext'), '50 %')
    assert.equal(await page.locator('.tab', { hasText: name }).count(), 1)

    // Measured in place on the recipe's own text.
    await view.getByRole('button', { name: /^Measure Wanda here/ }).click()
    await view.locator('option', { hasText: 'Wanda (measured)' }).waitFor({ state: 'attached' })
    const figures = view.locator('.planFigures')
    await figures.getByText(/uniform: /).waitFor()

    await view.getByLabel('Spread', { exact: true }).selectOption('depth')
    const spread = await eventually('the spread', async () => {
      const [entry] = (await entriesSaved()) ?? []
      return entry?.allocation === 'depth' ? entry : undefined
    })
    assert.deepEqual([spread.method, spread.sparsity], ['wanda', 0.5])
    const planned = async (block: number) => Number.parseFloat((await bar(block).getAttribute('aria-valuetext')) ?? '')
    await eventually('an early block to keep more than a late one', async () => (await planned(0)) < (await planned(1)))

    // Undo in the editor moves the bars back, and redo forth.
    const first = bar(0)
    const drawn = await first.getAttribute('aria-valuetext')
    await page.locator('.editor-group-container .monaco-editor').last().click()
    await page.keyboard.press('Control+z')
    await eventually('the bars to follow', async () => (await first.getAttribute('aria-valuetext')) !== drawn)
    await page.keyboard.press('Control+y')
    await eventually('the bars to follow', async () => (await first.getAttribute('aria-valuetext')) === drawn)

    // What is typed on the map is one edit of the text.
    await first.focus()
    await page.keyboard.press('Enter')
    await page.keyboard.type('30')
    await page.keyboard.press('Enter')
    await eventually('the recipe to follow', async () => {
      const sparsity = (await entriesSaved())?.[0].sparsity
      return Array.isArray(sparsity) && sparsity[0] === 0.3
    })

    await page.locator('.editor-group-container .monaco-editor').last().click()
    await runCommand(page, 'SparseScope: Run Recipe')
    await activeView(page).locator('.badge', { hasText: 'done' }).waitFor({ timeout: 240_000 })
    await activeView(page).getByRole('button', { name: 'Compare…' }).click()
    await page.locator('.quick-input-list .monaco-list-row', { hasText: 'pruned ↔ recovered' }).click()
    await activeView(page).locator('.verdict').waitFor()
    assert.match(await activeView(page).locator('.verdict').innerText(), /preserved|kept|mask/i)
    await closeEditors(page)
  })

  it('a recipe that the map begins takes the method and the text that were measured; one block comes first', async () => {
    const { page } = studio
    const view = await openModel(page, 'opt')
    await view.getByLabel('Method to measure').selectOption('alps')
    await view.getByRole('button', { name: 'One block first' }).click()
    await view.locator('option', { hasText: 'ALPS (1 of 2 blocks)' }).waitFor({ state: 'attached' })
    await view.getByRole('button', { name: 'Plan pruning in a recipe' }).click()
    await page.locator('.tab', { hasText: 'opt-wanda50.prune.yaml' }).waitFor()
    const text = page.locator('.editor-group-container .view-lines').last()
    await eventually('the recipe', async () => {
      const lines = (await text.innerText()).replaceAll('\u00a0', ' ')
      return ['method: wanda', 'ids.safetensors', 'samples: 16'].every((part) => lines.includes(part))
    })
    await view.getByRole('slider', { name: 'Mean sparsity' }).waitFor()
    assert.equal(await page.locator('.editor-group-container').count(), 2)

    // Five steps of a bar are one step of the editor's undo, in the recipe that is open already.
    const bar = view.getByRole('slider', { name: 'block 0: planned sparsity' })
    const says = () => bar.getAttribute('aria-valuetext')
    const written = async () => /sparsity:[^#\n]*/.exec(await text.innerText())?.[0]
    const [before, plain, tabs] = [await says(), await written(), await page.locator('.tab').count()]
    await bar.focus()
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight')
    await eventually('the recipe to be changed', async () => (await written()) !== plain)
    assert.notEqual(await says(), before)
    assert.equal(await page.locator('.tab').count(), tabs)
    await text.click()
    await page.keyboard.press('Control+z')
    await eventually('the bar to be back', async () => (await says()) === before)
    assert.equal(await written(), plain)
  })
})
