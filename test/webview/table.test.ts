import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import { recordedModel, settings } from './harness/recorded.ts'
import { recordedTraining } from './harness/recordedTraining.ts'

describe('a table, as the page of a recipe shows one', () => {
  const pages = viewPages()
  let page: Page

  async function open(blocks: number, width = 1280): Promise<void> {
    page = await pages.open('trainable', { width })
    await send(page, { type: 'settings', settings }, recordedTraining(recordedModel(blocks)))
    await page.getByText('Every parameter').click()
  }
  const table = () => page.getByRole('grid', { name: 'Parameters' })
  const header = (name: string) => table().getByRole('columnheader', { name }).getByRole('button')
  const lines = () => table().locator('.tableRow')
  const titles = () => table().getByRole('columnheader').allInnerTexts()
  const current = async () =>
    page.locator(`[id="${await table().getAttribute('aria-activedescendant')}"]`).getAttribute('title')

  it('has only the rows in sight on the page, and each of 20,000 can be reached', async () => {
    await open(1540)
    const rows = Number(await table().getAttribute('aria-rowcount')) - 1
    assert.ok(rows > 20_000)
    assert.ok((await lines().count()) < 50)
    await table().focus()
    await page.keyboard.press('End')
    await send(page)
    assert.equal(await table().locator('[aria-selected=true]').getAttribute('aria-rowindex'), String(rows + 1))
    await page.locator('.tableScroll').evaluate((view) => (view.scrollTop = 22 * 9_000))
    await send(page)
    const shown = await lines().evaluateAll((all) => all.map((line) => Number(line.getAttribute('aria-rowindex')) - 2))
    for (let row = 9_000; row < 9_015; row++) assert.ok(shown.includes(row), `row ${row}`)
  })

  it('shows the row that the keyboard goes to, and reads it to a screen reader', async () => {
    await open(12)
    await table().focus()
    await page.keyboard.press('PageDown')
    await page.keyboard.press('PageDown')
    for (let up = 0; up < 20; up++) await page.keyboard.press('ArrowUp')
    await send(page)
    const [line, head] = await Promise.all([
      table().locator('[aria-selected=true]').boundingBox(),
      table().locator('.tableHeader').boundingBox(),
    ])
    assert.ok(line && head && line.y >= head.y + head.height - 1)
    assert.equal(await current(), await table().locator('[aria-selected=true]').getAttribute('title'))
  })

  it('sorts by a press on a head, a second the other way, a third as the file has it', async () => {
    await open(12)
    const order = () => table().getByRole('columnheader', { name: 'Trained' }).getAttribute('aria-sort')
    const first = await lines().first().getAttribute('title')
    const orders: (string | null)[] = []
    for (let press = 0; press < 3; press++) {
      await header('Trained').click()
      orders.push(await order())
    }
    assert.deepEqual(orders, ['descending', 'ascending', 'none'])
    assert.equal(await lines().first().getAttribute('title'), first)
  })

  it('goes from a head to the next by an arrow', async () => {
    await open(12)
    await header('State').focus()
    await page.keyboard.press('ArrowRight')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Weights')
  })

  it('names columns without room, and pins one of them that is pressed', async () => {
    await open(12, 420)
    const note = page.locator('.tableNote')
    assert.match(await note.innerText(), /^\d columns? hidden: .*Parameter/)
    assert.ok(!(await titles()).includes('Parameter'))
    await note.getByRole('button', { name: 'Parameter' }).click()
    await send(page)
    assert.equal((await titles())[0], 'Parameter')
    assert.ok((await tooWide(page)) <= 0)
    await note.getByTitle('Unpin this column').click()
    await send(page)
    assert.ok(!(await titles()).includes('Parameter'))
  })

  it('pins and frees a column by P, which stays while the others scroll', async () => {
    // The table scrolls where even its least columns have no room.
    await open(12, 260)
    await header('Module').focus()
    await page.keyboard.press('p')
    await send(page)
    assert.equal((await titles())[0], 'Module')
    const scrolled = await page.locator('.tableScroll').evaluate((view) => {
      view.scrollLeft = 1_000
      return view.scrollLeft
    })
    assert.ok(scrolled > 10, `${scrolled} px`)
    await send(page)
    await keepPicture(page, 'table-pinned')
    const [cell, box] = await Promise.all([lines().first().locator('div').first().boundingBox(), table().boundingBox()])
    assert.ok(cell && box && Math.abs(cell.x - box.x) < 2)
    await header('Module').focus()
    await page.keyboard.press('P')
    await send(page)
    assert.equal((await titles())[0], 'Block')
  })
})
