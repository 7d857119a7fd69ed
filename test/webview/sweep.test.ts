import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { ComparedRow, ToSweep } from '../../src/shared/protocol/sweepView.ts'
import { posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages, type PageOptions } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedAs, recordedCurves, recordedMap, recordedRows, recordedWhat } from './harness/recordedSweep.ts' // prettier-ignore

const settings = { type: 'settings', settings: recorded.settings }
const rows = recordedRows(3, 2)
const compared = (list: readonly ComparedRow[], what: object = recordedWhat) => ({ type: 'compared', what, rows: list })

describe('the view of several runs in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(...messages: object[]): Promise<void> {
    await openAs({}, ...messages)
  }
  async function openAs(options: PageOptions, ...messages: object[]): Promise<void> {
    page = await pages.open('sweep', options)
    await send(page, settings, ...messages)
  }
  const asked = async (type: string) => (await posted(page)).findLast((message) => message.type === type)
  const watched = async () => (await asked('watch')) as unknown as { watch: number; groups: number[][] }
  async function answer(steps: { from?: number; to: number }): Promise<void> {
    const { watch, groups } = await watched()
    await send(page, recordedCurves(watch, groups, steps) as ToSweep)
  }
  const lines = page$('.tableRow:not([hidden])')
  const marks = page$('.chart .mark')
  function page$(selector: string) {
    return () => page.locator(selector)
  }

  for (const [theme, width] of [
    ['dark', 1280],
    ['light', 600],
    ['dark', 600],
    ['highContrast', 600],
    ['highContrastLight', 600],
  ] as const)
    it(`in ${theme} at ${width} px nothing is cut off: points, curves, table, maps, buttons`, async () => {
      const states = ['running', 'failed', 'waiting'] as const
      const live = rows.map((row, i) => (i % 9 < 6 ? row : recordedAs(row, states[i % 3])))
      await openAs({ theme, width }, compared(live))
      await answer({ to: 400 })
      for (const i of [0, 1, 2])
        await lines()
          .nth(i)
          .click({ modifiers: i > 0 ? ['Control'] : [] })
      await send(page)
      await answer({ to: 400 })
      const { runs } = (await asked('watchMaps')) as unknown as { runs: number[] }
      await send(page, { type: 'maps', maps: runs.map((run) => recordedMap(run, 12, 0.5)) })
      await keepPicture(page, `sweep-${theme}-${width}`)
      assert.ok((await tooWide(page)) <= 0)
      assert.deepEqual(await page.evaluate(cutOff), [])
    })

  it('seeds are one row, one point and one curve, until they are unfolded', async () => {
    await open(compared(rows))
    assert.equal(await marks().count(), 18)
    assert.deepEqual((await watched()).groups.slice(0, 2), [[0, 1], [2, 3]]) // prettier-ignore
    assert.match(await lines().first().innerText(), /2 done/)
    await page.getByRole('button', { name: 'fold seeds' }).click()
    await send(page)
    assert.equal(await marks().count(), 36)
    assert.deepEqual((await watched()).groups.slice(0, 2), [[0], [1]])
  })

  it('a row that is selected selects its point and its curve; Enter opens its run, and so does a click on a point', async () => {
    await open(compared(rows))
    await page.getByRole('grid', { name: 'Runs' }).focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'Shift+ArrowDown']) await page.keyboard.press(key)
    await send(page)
    assert.equal(await page.locator('.tableRow[aria-selected=true]').count(), 2)
    assert.equal(await page.locator('.pointSelected').count(), 2)
    assert.deepEqual((await watched()).groups, [[2, 3], [4, 5]]) // prettier-ignore
    await page.keyboard.press('Enter')
    assert.equal((await asked('openRun'))?.run, 4)
    const points = page.getByRole('application', { name: /Runs as points/ })
    await points.focus()
    await page.keyboard.press('Home')
    assert.match(await page.locator('.srOnly[role=status]').innerText(), /sparsity: 40.00 %; perplexity: /)
    await page.keyboard.press('Enter')
    assert.notEqual((await asked('openRun'))?.run, 4)
  })

  it('curves grow by their new points alone, and answers to an older question do not count', async () => {
    await open(compared(rows))
    await page.getByText('Reading the curves…').waitFor()
    await answer({ to: 40 })
    const last = () => page.locator('.dataTableView td:last-child').first().innerText()
    await page.getByRole('button', { name: 'table' }).click()
    await send(page)
    assert.equal(await last(), '40')
    await answer({ from: 40, to: 55 })
    assert.equal(await last(), '55')
    const { watch, groups } = await watched()
    await send(page, recordedCurves(watch - 1, groups, { to: 3 }) as ToSweep)
    assert.equal(await last(), '55')
  })

  it('maps of what is selected stand side by side', async () => {
    await open(compared(rows))
    await page.getByText('Select runs in the table to see their maps').waitFor()
    await lines().nth(1).click()
    await send(page)
    assert.deepEqual((await asked('watchMaps'))?.runs, [2, 3])
    await send(page, { type: 'maps', maps: [recordedMap(2, 6, 0.5), recordedMap(3, 6, 0.5)] })
    const grid = page.getByRole('grid', { name: /Sparsity of method magnitude.*seed 0/ })
    await grid.focus()
    await page.keyboard.press('ArrowDown')
    assert.match(
      await page.locator('.srOnly[role=status]').innerText(),
      /^block 1, self_attn\.q_proj: \d+\.\d+ % zeros/,
    )
  })

  it('shows live how far it is, says why a run failed, and offers what can be done', async () => {
    await open(compared(rows.map((row) => recordedAs(row, 'waiting'))))
    await page.getByText('Points appear with the first evaluation').waitFor()
    await page.getByText('0 of 36 done, 36 waiting').waitFor()
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    assert.equal(await button('Continue').isVisible(), true)
    await send(page, { type: 'rows', rows: [recordedAs(rows[0], 'running', 0.42), rows[2], recordedAs(rows[4], 'failed')] }) // prettier-ignore
    await page.getByText('1 of 36 done, 1 failed, 1 running, 33 waiting').waitFor()
    await page.getByRole('list', { name: 'Runs that failed' }).getByText('No space left on device').waitFor()
    assert.deepEqual([await button('Continue').isVisible(), await button('Cancel').isVisible()], [false, true])
    await button('Cancel').click()
    assert.equal((await asked('act'))?.what, 'cancel')
    await page.getByRole('button', { name: 'fold seeds' }).click()
    await send(page)
    assert.match(await lines().first().innerText(), /running 42 %, reconstruct/)
  })

  it('in an untrusted workspace, and of a comparison, nothing can be begun or cancelled', async () => {
    for (const what of [recordedWhat, { kind: 'comparison', title: 'Compare 2 Runs', about: '' }]) {
      await open(compared(rows.map((row) => recordedAs(row, 'waiting')), what)) // prettier-ignore
      const trusted = what.kind === 'comparison'
      await send(page, { ...settings, settings: { ...recorded.settings, trusted } })
      for (const name of ['Continue', 'Cancel', 'Report'])
        assert.equal(await page.getByRole('button', { name, exact: true }).isVisible(), false, name)
      if (!trusted) await page.close()
    }
  })

  it('CSV has every run that the filter keeps, Markdown the table as it stands', async () => {
    await open(compared(rows))
    await page.getByRole('searchbox').fill('wanda retrain')
    await page.getByRole('button', { name: 'CSV' }).click()
    const csv = String((await asked('export'))?.content)
    assert.equal(csv.trim().split('\r\n').length, 1 + 6)
    await page.getByRole('button', { name: 'Markdown' }).click()
    const markdown = String((await asked('export'))?.content)
    assert.match(markdown, /^\| prune\.0\.method \|/)
    assert.equal(markdown.trim().split('\n').length, 2 + 3)
    await page.getByRole('button', { name: 'Save scatter as SVG' }).click()
    await send(page)
    assert.match(String((await asked('export'))?.content), /^<svg.*wanda, retrain/)
  })

  it('two runs without a perplexity, one alone, and none are no reason to fail', async () => {
    const bare = rows.slice(0, 2).map((row) => ({ ...recordedAs(row, 'waiting'), state: 'done' as const }))
    await open(compared(bare))
    await page.getByText('2 of 2 done').waitFor()
    await send(page, compared(rows.slice(0, 1)))
    assert.equal(await marks().count(), 1)
    await send(page, compared([]))
    await page.getByText('This sweep has no runs').waitFor()
  })
})

/** In the page: controls and headings that stand out of their card or the window, or whose text is cut. */
function cutOff(): string[] {
  const all = document.querySelectorAll<HTMLElement>('button, select, label, h1, h2, h3, figcaption, .tableRow > div')
  return [...all].flatMap((element) => {
    if (!element.checkVisibility() || element.closest('.srOnly')) return []
    const { left, right } = element.getBoundingClientRect()
    const around = (element.closest('.card') ?? document.body).getBoundingClientRect()
    const isOut = left < around.left - 1 || right > around.right + 1
    const isCut = element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflow !== 'visible'
    return isOut || isCut ? [element.textContent ?? element.tagName] : []
  })
}
