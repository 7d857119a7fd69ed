import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { seriesStyle } from '../../src/charts/chartData.ts'
import type { ComparedRow, ToSweep } from '../../src/protocol/sweepView.ts'
import { chooseInMenu } from '../support/figureMenu.ts'
import { posted, send } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages, type PageOptions } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedAs, recordedCurves, recordedRows, recordedWhat } from './harness/recordedSweep.ts'

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
  async function answer(steps: { to: number }): Promise<void> {
    const { watch, groups } = await watched()
    await send(page, recordedCurves(watch, groups, steps) as ToSweep)
  }
  const lines = page$('.tableRow:not([hidden])')
  const table = () => page.getByRole('grid', { name: 'Runs' })
  const points = () => page.getByRole('application', { name: /Runs as points/ })
  async function menu(title: string, entry: string): Promise<void> {
    await page.getByRole('button', { name: `${title}: save, or change the view` }).click()
    await page.getByRole('menu', { name: title }).getByText(entry).click()
    await send(page)
  }
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
    it(`in ${theme} at ${width} px nothing is cut off: points, curves, table, buttons`, async () => {
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
      await keepPicture(page, `sweep-${theme}-${width}`)
      assert.ok((await tooWide(page)) <= 0)
      assert.deepEqual(await page.evaluate(cutOff), [])
    })

  it('beside the numbers of two texts at 600 px every run has its whole name', async () => {
    const second = (row: ComparedRow): ComparedRow => {
      const { perplexity } = row.results
      return { ...row, results: { ...row.results, second_text: { text: 'wikitext2-validation.txt', perplexity } } }
    }
    await openAs({ theme: 'light', width: 600 }, compared(rows.map(second)))
    await page.getByRole('columnheader', { name: 'perplexity on wikitext2-validation.txt' }).waitFor()
    const names = page.locator('.tableRow .key .cut')
    assert.ok((await names.count()) > 5)
    assert.deepEqual(await names.evaluateAll((all) => all.filter((one) => one.scrollWidth > one.clientWidth).length), 0)
    await keepPicture(page, 'sweep-two-texts-600')
  })

  it('seeds are one row, one point and one curve, until they are unfolded', async () => {
    await open(compared(rows))
    assert.equal(await marks().count(), 18)
    assert.deepEqual((await watched()).groups.slice(0, 2), [
      [0, 1],
      [2, 3],
    ])
    assert.match(await lines().first().innerText(), /32\.25 ± 0\.12/)
    await page.getByRole('button', { name: 'fold seeds' }).click()
    await send(page)
    assert.equal(await marks().count(), 36)
    assert.deepEqual((await watched()).groups.slice(0, 2), [[0], [1]])
  })

  it('a row that is selected selects its point and its curve; Enter opens its run; a point is selected and opened alike', async () => {
    await open(compared(rows))
    await table().focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'Shift+ArrowDown']) await page.keyboard.press(key)
    await send(page)
    assert.equal(await page.locator('.tableRow[aria-selected=true]').count(), 2)
    assert.equal(await page.locator('circle.ring:not(.pointAt)').count(), 2)
    assert.deepEqual((await watched()).groups, [
      [2, 3],
      [4, 5],
    ])
    await page.keyboard.press('Enter')
    assert.equal((await asked('openRun'))?.run, '/runs/4')
    await points().focus()
    await page.keyboard.press('Home')
    assert.match(await page.locator('.srOnly[role=status]').innerText(), /sparsity: 40 %; perplexity: /)
    await page.keyboard.press('Enter')
    assert.notEqual((await asked('openRun'))?.run, '/runs/4')
    const mark = await marks().last().boundingBox()
    assert.ok(mark)
    await page.mouse.click(mark.x + mark.width / 2, mark.y + mark.height / 2)
    await send(page)
    assert.equal(await page.locator('.tableRow[aria-selected=true]').count(), 1)
    assert.equal(await page.locator('circle.ring:not(.pointAt)').count(), 1)
  })

  it('a row has the menu of its run, by pointer and keyboard; of several that are selected the menu is for all', async () => {
    await open(compared([recordedAs(rows[0], 'waiting'), ...rows.slice(1)]))
    await page.getByRole('button', { name: 'fold seeds' }).click()
    const menuOf = async (element: ReturnType<typeof lines>) => {
      const text = await element.getAttribute('data-vscode-context')
      return text === null ? null : (JSON.parse(text) as Record<string, unknown>)
    }
    const done = { webviewSection: 'run.done', preventDefaultContextMenuItems: true }
    assert.deepEqual(await menuOf(lines().nth(0)), {})
    assert.deepEqual(await menuOf(lines().nth(1)), { ...done, folder: '/runs/1', folders: ['/runs/1'] })
    await table().focus()
    for (const key of ['ArrowDown', 'ArrowDown', 'Shift+ArrowDown']) await page.keyboard.press(key)
    await send(page)
    assert.deepEqual(await menuOf(table()), { ...done, folder: '/runs/2', folders: ['/runs/1', '/runs/2'] })
    await lines().nth(1).click({ button: 'right' })
    assert.equal(await page.locator('.tableRow[aria-selected=true]').count(), 2)
    assert.deepEqual((await menuOf(lines().nth(3)))?.folders, ['/runs/3'])
  })

  it('of several texts the picture shows one, and says which', async () => {
    const two = rows.map((row, i) => ({ ...row, facts: { ...row.facts, text: i < 8 ? 'c4.jsonl' : 'wiki.txt' } }))
    await open(compared(two))
    assert.equal(await marks().count(), 14)
    const y = page.getByRole('combobox', { name: 'y axis of the picture' })
    assert.equal(await y.inputValue(), 'perplexity on wiki.txt')
    await y.selectOption('perplexity on c4.jsonl')
    await send(page)
    assert.equal(await marks().count(), 4)
    await keepPicture(page, 'sweep-texts')
  })

  it('the legend has neither folders nor brackets', async () => {
    const trained = rows.map((row, i) => ({
      ...row,
      settings: {
        ...row.settings,
        model: `/tmp/models/${i < 12 ? 'opt' : 'smol'}`,
        train: i < 6 ? ['norm'] : ['bias', 'norm'],
      },
    }))
    await open(compared(trained))
    for (const [what, path] of [
      ['Colour of the points', 'model'],
      ['Shape and dash of the points', 'train'],
    ])
      await page.getByRole('combobox', { name: what }).selectOption(path)
    await send(page)
    const keys = await page.locator('.chartKey .key').allInnerTexts()
    assert.deepEqual(
      keys.map((text) => text.trim()).filter((text) => text.includes(',')),
      ['opt, norm', 'opt, bias+norm', 'smol, bias+norm'],
    )
    await keepPicture(page, 'sweep-legend')
  })

  it('a run that is better than the dense model is a point too, and the axis is straight', async () => {
    const better = rows.slice(0, 2).map((row) => {
      const { results } = row
      return { ...row, results: { ...results, perplexity: { ...results.perplexity, recovered: 20 } } }
    })
    await open(compared([...better, ...rows.slice(2)]))
    await page.getByRole('combobox', { name: 'y axis of the picture' }).selectOption('Δ to dense')
    await send(page)
    assert.equal(await marks().count(), 18)
    await chooseInMenu(
      page.getByRole('button', { name: /Δ to dense.*: save, or change the view$/i }),
      'Logarithmic y axis',
    )
    await page.getByText('1 row at or below 0 cannot be shown on a logarithmic axis.').waitFor()
    assert.equal(await marks().count(), 17)
  })

  it('losses of different units have a picture each, with axes that name them', async () => {
    await open(compared(rows))
    await answer({ to: 40 })
    for (const title of ['Reconstruction loss', 'Retraining loss'])
      await page.getByRole('figure', { name: title }).locator('canvas').waitFor()
    await page.getByRole('combobox', { name: 'Which curves' }).selectOption('perplexity')
    await send(page)
    await answer({ to: 40 })
    assert.equal(await page.locator('.curvePicture').count(), 1)
  })

  it('experiments of several models are below their names, the last ones first, and can be shown together', async () => {
    const two = rows.map((row, i) => ({
      ...row,
      facts: { ...row.facts, model: i % 2 === 0 ? 'opt-125m' : '<b>smol</b>' },
    }))
    await open(compared(two, { kind: 'experiments', title: 'Experiments', about: '' }))
    await page.getByRole('button', { name: 'fold seeds' }).click()
    await send(page)
    assert.match(await page.locator('.tableHeading').first().innerText(), /^<b>smol<\/b> · 18 rows/)
    await page.getByRole('button', { name: 'by model' }).click()
    await send(page)
    assert.equal(await page.locator('.tableHeading').count(), 0)
    await page.getByRole('columnheader', { name: 'model' }).waitFor()
    const begun = page.getByRole('columnheader', { name: 'begun' })
    assert.equal(await begun.getAttribute('aria-sort'), 'descending')
  })

  it('the table is exported of what is selected, else of all that is shown, by its button or the command', async () => {
    await open(compared(rows))
    const runs = async () => (await asked('exportTable'))?.runs as number[] | undefined
    await page.getByRole('button', { name: 'Export Table…' }).click()
    assert.equal((await runs())?.length, 36)
    await page.getByRole('searchbox').fill('wanda retrain')
    await page.getByRole('button', { name: 'Export Table…' }).click()
    assert.equal((await runs())?.length, 6)
    await page.getByRole('searchbox').fill('')
    await lines().nth(1).click()
    await send(page, { type: 'exportNow' })
    assert.deepEqual(await runs(), [2, 3])
  })

  it('curves are those of the latest answer, and answers to an older question do not count', async () => {
    await open(compared(rows))
    await page.getByText('Reading the curves…').first().waitFor()
    await answer({ to: 40 })
    const last = () => page.locator('.dataTableView td:last-child').first().innerText()
    await menu('Reconstruction loss', 'Show as table')
    await send(page)
    assert.equal(await last(), '40')
    await answer({ to: 55 })
    assert.equal(await last(), '55')
    const { watch, groups } = await watched()
    await send(page, recordedCurves(watch - 1, groups, { to: 3 }) as ToSweep)
    assert.equal(await last(), '55')
  })

  it('shows live how far it is, says why a run failed, and offers what can be done', async () => {
    await open(compared(rows.map((row) => recordedAs(row, 'waiting'))))
    await page.getByText('Points appear with the first evaluation').waitFor()
    await page.getByText('0 of 36 done, 36 waiting').waitFor()
    const button = (name: string) => page.getByRole('button', { name, exact: true })
    const offered = async () => [await button('Continue').isVisible(), await button('Cancel').isVisible()]
    assert.deepEqual(await offered(), [true, false])
    // Jobs of Slurm wait by themselves.
    await send(
      page,
      compared(
        rows.map((row) => recordedAs(row, 'waiting')),
        { ...recordedWhat, isSubmitted: true },
      ),
    )
    assert.deepEqual(await offered(), [false, true])
    await send(page, compared(rows.map((row) => recordedAs(row, 'waiting'))))
    await send(page, {
      type: 'rows',
      rows: [recordedAs(rows[0], 'running', 0.42), rows[2], recordedAs(rows[4], 'failed')],
    })
    await page.getByText('1 of 36 done, 1 failed, 1 running, 33 waiting').waitFor()
    await page.getByRole('list', { name: 'Runs that failed' }).getByText('No space left on device').waitFor()
    assert.deepEqual(await offered(), [false, true])
    await button('Cancel').click()
    assert.equal((await asked('act'))?.what, 'cancel')
    await page.getByRole('button', { name: 'fold seeds' }).click()
    await send(page)
    assert.match(await lines().first().innerText(), /running 42 %, reconstruct/)
  })

  it('in an untrusted workspace, and of a comparison, nothing can be begun or cancelled', async () => {
    for (const what of [recordedWhat, { kind: 'comparison', title: 'Compare 2 Runs', about: '' }]) {
      await open(
        compared(
          rows.map((row) => recordedAs(row, 'waiting')),
          what,
        ),
      )
      const trusted = what.kind === 'comparison'
      await send(page, { ...settings, settings: { ...recorded.settings, trusted } })
      for (const name of ['Continue', 'Cancel', 'Report'])
        assert.equal(await page.getByRole('button', { name, exact: true }).isVisible(), false, name)
      if (!trusted) await page.close()
    }
  })

  it('a figure that is saved has the points of the runs that the filter keeps', async () => {
    await open(compared(rows))
    await page.getByRole('searchbox').fill('wanda retrain')
    await menu('Sparsity and perplexity', 'Save as SVG')
    const figure = async () => String((await asked('export'))?.content)
    assert.match(await figure(), /^<svg.*wanda, retrain/)
    assert.equal((await figure()).match(/class="mark"/g)?.length, 3)
    // One key: the colour in the row is that of the points, also when the first of the methods is not among them.
    const inRow = await lines().first().locator('.key line').getAttribute('stroke')
    assert.equal(await marks().first().getAttribute('fill'), inRow)
    assert.notEqual(inRow, seriesStyle(0).colour)
    await lines().first().click()
    await menu('Sparsity and perplexity', 'Save as SVG')
    assert.equal((await figure()).match(/class="mark"/g)?.length, 1)
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
