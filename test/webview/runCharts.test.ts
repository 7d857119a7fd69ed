import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { RunEvent } from '../../src/runs/series/events.ts'
import type { Stage } from '../../src/catalog/stages.ts'
import { posted, send } from '../support/browser.ts'
import { chooseInMenu, figureMenus } from '../support/figureMenu.ts'
import { events, listing, runPages, settings, titles, until, type RunPage } from '../support/runPage.ts'
import { keepPicture, tooWide } from '../support/viewPages.ts'
import { recordedBoth, recordedRetraining } from './harness/recordedRetraining.ts'

const [retraining, both] = [recordedRetraining(), recordedBoth()]
const { loss, perplexity } = titles

describe('the figures of a run in Chromium', () => {
  const pages = runPages()
  let page: Page
  let view: RunPage

  async function open(...messages: object[]): Promise<void> {
    view = await pages.open(...messages)
    page = view.page
  }

  it('with one point the axes are about that point; whole steps', async () => {
    await open(listing('running'), settings, events(until(retraining, ({ type }) => type === 'step')))
    assert.deepEqual(await view.ticks(loss, 'x'), ['1'])
    assert.ok((await view.ticks(loss, 'y')).every((label) => /^\d(\.\d+)?$/.test(label)))
    assert.equal(await view.chart(loss).locator('.mark').count(), 1)
    // One or two measurements are on the recovery chart; a curve begins with the second along the recovery.
    assert.equal(await view.chart(perplexity).count(), 0)
    await send(page, events(until(retraining, ({ type }) => type === 'eval', 4)))
    assert.equal(await view.chart(perplexity).locator('.mark').count(), 2)
  })

  it('dense and pruned are levels with their values, recovered points at their steps; an axis can be logarithmic', async () => {
    await open(listing('done'), settings, events(retraining))
    const level = view.chart(perplexity).locator('.level')
    assert.equal(await level.count(), 2)
    assert.equal(await level.first().getAttribute('y1'), await level.first().getAttribute('y2'))
    const notes = await view.chart(perplexity).locator('.note').allTextContents()
    assert.deepEqual(notes.sort(), ['dense 27.65', 'pruned 67.65', 'recovered'])
    const before = await view.ticks(perplexity, 'y')
    await view.choose(perplexity, 'Logarithmic y axis')
    await view.choose(perplexity, 'Logarithmic x axis')
    assert.notDeepEqual(await view.ticks(perplexity, 'y'), before)
    // Step 0 has its place on a logarithmic axis.
    assert.deepEqual((await view.ticks(perplexity, 'x')).slice(0, 1), ['1'])
    const menu = page.getByRole('button', { name: `${perplexity}: save, or change the view` })
    await menu.click()
    const item = page.getByRole('menuitemcheckbox', { name: 'Logarithmic y axis' })
    assert.equal(await item.getAttribute('aria-checked'), 'true')
  })

  it('the menu of a figure works by keyboard, closes by Escape, and gives the focus back', async () => {
    await open(listing('done'), settings, events(retraining))
    const button = figureMenus(page).first()
    await button.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menu').waitFor()
    await page.waitForFunction("document.activeElement.textContent === 'Show as table'")
    await page.keyboard.press('ArrowDown')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Save as SVG')
    await page.keyboard.press('End')
    assert.equal(await page.evaluate('document.activeElement.textContent'), 'Save as CSV')
    await keepPicture(page, 'run-menu')
    await page.keyboard.press('Escape')
    assert.equal(await page.getByRole('menu').count(), 0)
    assert.equal(await button.evaluate((element) => element === document.activeElement), true)
  })

  it('the arrow keys read all series of the nearest point aloud, and Escape closes the box', async () => {
    await open(listing('done'), settings, events(retraining))
    const picture = page.getByRole('application', { name: perplexity })
    await picture.focus()
    await page.keyboard.press('Home')
    assert.equal(await view.spoken(), 'step 10. recovered: 45.03; dense: 27.65; pruned: 67.65')
    await page.keyboard.press('ArrowRight')
    assert.match(await view.spoken(), /^step 20\. /)
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowRight')
    assert.match(await view.spoken(), /^step 40\. recovered: 29\.65/)
    assert.equal(await picture.locator('.readoutMark').count(), 1)
    await page.keyboard.press('Escape')
    assert.equal(await picture.locator('.readout').count(), 0)
  })

  it('the pointer shows the values of the nearest step, and the levels', async () => {
    await open(listing('done'), settings, events(retraining))
    const picture = page.getByRole('application', { name: perplexity })
    await picture.hover()
    assert.match(await picture.locator('.readout').innerText(), /step 20\s+recovered: 35\.2\d\s+dense: 27\.65/)
    await page.mouse.move(0, 0)
    assert.equal(await picture.locator('.readout').count(), 0)
  })

  it('a value that is read stays in sight when the chart grows', async () => {
    await open(listing('running'), settings, events(retraining.slice(0, 20)))
    const picture = page.getByRole('application', { name: loss })
    await picture.focus()
    await page.keyboard.press('Home')
    await send(page, events(retraining.slice(20, 40), 'a', 20))
    assert.match(await picture.locator('.readout').innerText(), /^step 1\s/)
  })

  it('every figure is saved: SVG with its own colours, PNG on white with twice the pixels, CSV', async () => {
    await open(listing('done'), settings, events(both))
    const menus = figureMenus(page)
    const count = await menus.count()
    assert.equal(count, 5)
    for (let i = 0; i < count; i++)
      for (const kind of ['SVG', 'PNG', 'CSV']) await chooseInMenu(menus.nth(i), `Save as ${kind}`)
    const files = async () => (await posted(page)).filter(({ type }) => type === 'export')
    while ((await files()).length < 3 * count) await page.waitForTimeout(20)
    const found = new Map((await files()).map((file) => [String(file.name), String(file.content)]))
    const names = [...found.keys()].flatMap((name) => (name.endsWith('.svg') ? [name.slice(0, -4)] : []))
    assert.equal(names.length, count, names.join())
    for (const name of names) {
      const svg = found.get(`${name}.svg`) ?? ''
      assert.ok(!/var\(--|#cccccc/.test(svg), name)
      const { size, corner } = await pictureOf(page, found.get(`${name}.png`) ?? '')
      const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []
      assert.deepEqual(size, [2 * Math.round(Number(width)), 2 * Math.round(Number(height))], name)
      assert.deepEqual(corner, [255, 255, 255, 255], name)
      assert.ok((found.get(`${name}.csv`) ?? '').split('\r\n').length > 2, name)
    }
    assert.match(found.get('perplexity-along-the-recovery.svg') ?? '', />dense<\/text>/)
    assert.match(found.get('loss-while-retraining.csv') ?? '', /^run,recovery,step,loss,loss_smoothed_0,lr\r\n/)
  })

  it('zero-shot accuracy has a recovery chart, a curve with standard errors, each task, and what is undecided', async () => {
    const names = ['arc_easy', 'piqa'] as const
    const measured = (stage: Stage, accs: number[], step?: number) =>
      accs.map((acc, entry): RunEvent => {
        const place = { entry, task: names[entry], data: `${names[entry]}.jsonl`, ...(step !== undefined && { step }) }
        return { t: 1, type: 'eval', stage, ...place, acc, stderr: 0.02 }
      })
    const steps = retraining.filter(({ type }) => type === 'step')
    const list = [
      retraining[0],
      ...measured('dense', [0.6, 0.7]),
      ...measured('pruned', [0.4, 0.5]),
      ...steps.slice(0, 30),
      ...measured('recovered', [0.5, 0.6], 30),
      ...steps.slice(30),
      ...measured('recovered', [0.6, 0.69]),
    ]
    await open(listing('done'), settings, events(list))
    assert.match((await view.stages().first().innerText()).replace(/\s+/g, ' '), /65\.0 % ± 1\.4 accuracy, 2 tasks/)
    assert.equal(await view.words(), 'Recovery closed 98 % of the accuracy gap that pruning opened on 2 tasks.')
    await page.locator('.recoveryCharts').getByText('mean accuracy of 2 tasks, better →').waitFor()
    const name = 'Accuracy along the recovery'
    const curve = view.chart(name)
    assert.equal(await curve.locator('.errorBand').count(), 2)
    assert.equal(await curve.locator('.errorBar').count(), 2)
    const picture = page.getByRole('application', { name })
    await picture.focus()
    await page.keyboard.press('Home')
    assert.match(
      await view.spoken(),
      /^step 30\. recovered: 55\.0 % ± 1\.4; dense: 65\.0 % ± 1\.4; pruned: 45\.0 % ± 1\.4$/,
    )
    const table = page.getByRole('region', { name: 'Accuracy by task, table' })
    assert.deepEqual(await table.getByRole('row').allInnerTexts(), [
      'task\tdense\tpruned\trecovered',
      'arc_easy\t60.0 % ± 2.0\t40.0 % ± 2.0\t60.0 % ± 2.0',
      'piqa\t70.0 % ± 2.0\t50.0 % ± 2.0\t69.0 % ± 2.0',
      'mean\t65.0 % ± 1.4\t45.0 % ± 1.4\t64.5 % ± 1.4',
    ])
    await page.getByText('The accuracies of dense and recovered differ by at most').waitFor()
    assert.equal(await page.getByText('The accuracies of pruned and recovered').count(), 0)
    await keepPicture(page, 'run-tasks')
  })

  it('a table stays in step and where the reader is', async () => {
    await open(listing('running'), settings, events(until(retraining, ({ type }) => type === 'step', 3)))
    const table = page.getByRole('region', { name: `${loss}, table` })
    assert.equal(await page.getByRole('table').count(), 0)
    await view.choose(loss, 'Show as table')
    assert.equal(await view.chart(loss).getByRole('application').count(), 0)
    const rows = () => table.getByRole('row').allInnerTexts()
    assert.deepEqual(
      (await rows()).map((line) => line.split('\t')[0]),
      ['step', '1', '2', '3'],
    )
    // Rows that are there stay the same elements.
    await table.evaluate((e) => e.querySelector('tbody tr')?.setAttribute('data-read', 'here'))
    await send(page, events(retraining))
    assert.equal((await rows()).length, 1 + 40)
    assert.equal(await table.locator('[data-read=here]').count(), 1)
    assert.ok((await rows()).includes('7\tNaN'))
    await view.choose(loss, 'Show as table')
    assert.equal(await view.chart(loss).getByRole('application').isVisible(), true)
  })

  it('at any width the head of a figure is one line, and nothing is cut off', async () => {
    await open(listing('running'), settings, events(both))
    for (const width of [600, 1150, 1500, 1900]) {
      await page.setViewportSize({ width, height: 900 })
      await send(page)
      assert.ok((await tooWide(page)) <= 0, `${width} px`)
      for (const head of await page.locator('.chartHead:visible').all()) {
        const [title, button, card] = await head.evaluate((e) =>
          [e.querySelector('h2'), e.querySelector('.figureMore'), e.closest('.card, .recoveryCharts')].map((one) => {
            const box = one?.getBoundingClientRect()
            return { top: box?.top ?? 0, bottom: box?.bottom ?? 0, right: box?.right ?? 0 }
          }),
        )
        assert.ok(button.top < title.bottom && button.right <= card.right, `${width} px`)
      }
    }
  })
})

async function pictureOf(page: Page, base64: string): Promise<{ size: number[]; corner: number[] }> {
  const script = `(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${base64}'
    await image.decode()
    const canvas = document.createElement('canvas')
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    return { size: [image.width, image.height], corner: [...context.getImageData(0, 0, 1, 1).data] }
  })()`
  return (await page.evaluate(script)) as { size: number[]; corner: number[] }
}
