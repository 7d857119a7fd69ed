import assert from 'node:assert/strict'
import { eventually, openModel, openStudio, pictureOfFailure, type Studio } from './studio.ts'

describe('the packaged extension: planning on the map', function () {
  this.timeout(600_000)
  let studio: Studio
  before(async function () {
    // Its own: a draft that nobody saved would ask when the next suite closes it.
    studio = await openStudio(this)
  })
  afterEach(async function () {
    await pictureOfFailure(this.currentTest, studio)
  })

  after(async () => studio?.stop())

  it('bars edit the recipe beside the map in one step of its undo, and its text moves the bars', async () => {
    const { page } = studio
    const view = await openModel(page, 'opt')
    await view.getByText('tensors scanned').first().waitFor()
    await view.getByRole('button', { name: 'Plan pruning in a recipe' }).click()
    const editor = page.locator('.editor-instance .view-lines').first()
    await editor.waitFor()
    const bar = view.getByRole('slider', { name: 'block 0: planned sparsity' })
    const says = async () => (await bar.getAttribute('aria-valuetext')) ?? ''
    await bar.waitFor()
    const before = await says()
    const tabs = await page.locator('.tab').count()
    await bar.focus()
    for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight')
    const text = async () => (await editor.innerText()).replaceAll('\u00a0', ' ')
    const plain = await text()
    await eventually('the recipe to be changed', async () => (await text()) !== plain)
    const after = await says()
    assert.notEqual(after, before)
    assert.equal(await page.locator('.tab').count(), tabs, 'the recipe is not opened twice')
    if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/e2e-plan.png` })
    await editor.click()
    await page.keyboard.press('Control+z')
    await eventually('the bar to be back', async () => (await says()) === before)
    assert.equal(await text(), plain)
  })
})
