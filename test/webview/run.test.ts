import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { RunEvent, Stage } from '../../src/shared/series/events.ts'
import { resultOf } from '../../src/shared/series/runResult.ts'
import { posted, send } from '../support/browser.ts'
import { viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const run = recorded.recordedRun(12)
const settings = { type: 'settings', settings: { ...recorded.settings, smoothing: 0 } }
const firstStep = run.findIndex(({ type }) => type === 'step')

function listing(status: string, others = 0) {
  const rest = Array.from({ length: others }, (_, i) => ({
    folder: `other ${i}`,
    name: `recipe ${i}`,
    time: '2026-12-30 10:00:00',
    status: 'done',
    started: 0,
  }))
  const current = { folder: 'a', name: 'wanda50', time: '2026-12-31 23:59:58', status, started: 0 }
  return { type: 'runs', current: 'a', runs: [current, ...rest] }
}
const events = (list: readonly RunEvent[], folder = 'a', from = 0) => ({ type: 'events', folder, from, events: list })

describe('the view of a run in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(...messages: object[]): Promise<void> {
    page = await pages.open('run')
    await send(page, ...messages)
  }
  const chart = (title: string) => page.locator('.chart', { hasText: title })
  const ticks = (title: string, axis: 'x' | 'y') => chart(title).locator(`.${axis}Tick`).allTextContents()
  const spoken = () => page.locator('.srOnly[role=status]').innerText()

  it('before anything is measured it says so, and shows no empty axes', async () => {
    await open(listing('running'), settings, events(run.slice(0, 2)))
    await page.getByText('Curves appear with the first step').waitFor()
    assert.equal(await page.locator('.chart:visible').count(), 0)
  })

  it('with one point the axes are about that point; whole steps', async () => {
    await open(listing('running'), settings, events(run.slice(0, firstStep + 1)))
    assert.deepEqual(await ticks('Loss', 'x'), ['1'])
    assert.deepEqual(await ticks('Perplexity', 'x'), ['0', '1'])
    assert.ok((await ticks('Loss', 'y')).every((label) => /^0\.0\d+$/.test(label)))
    assert.ok((await ticks('Perplexity', 'y')).every((label) => /^\d\d$/.test(label)))
    assert.equal(await chart('Loss').locator('.mark').count(), 1)
  })

  it('dense is a level with its value, recovered a point at its step, blocks are whole, errors logarithmic', async () => {
    await open(listing('done'), settings, events(run))
    const level = chart('Perplexity').locator('.level')
    assert.equal(await level.getAttribute('y1'), await level.getAttribute('y2'))
    assert.deepEqual(await chart('Perplexity').locator('.note').allTextContents(), ['recovered', 'dense 27.65'])
    assert.deepEqual(await ticks('Reconstruction', 'x'), ['0', '2', '4', '6', '8', '10'])
    const logY = chart('Reconstruction').getByRole('button', { name: 'log y' })
    assert.equal(await logY.getAttribute('aria-pressed'), 'true')
    const before = await ticks('Reconstruction', 'y')
    await logY.click()
    await send(page)
    assert.notDeepEqual(await ticks('Reconstruction', 'y'), before)
  })

  it('what the model says stands by stage, the first other token marked; a hostile prompt is text', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202e\u0007'
    const said = [...recorded.recordedSamples(), ...recorded.recordedSamples(hostile).map((e) => ({ ...e, entry: 2 }))]
    await open(listing('done'), settings, events([...run, ...said]))
    const card = page.locator('.sampleTexts')
    const [first, second] = [card.getByRole('table').first(), card.getByRole('table').nth(1)]
    assert.deepEqual(await first.getByRole('rowheader').allTextContents(), ['dense', 'pruned', 'after 40', 'recovered'])
    assert.deepEqual(await first.locator('mark').allTextContents(), [' of of', ' capital', ' love.'])
    assert.equal(await second.locator('caption').innerText(), '<img src=x onerror=alert(1)>\\u202e\\u0007')
    assert.equal(await card.locator('img').count(), 0)
    assert.equal(await chart('Perplexity').locator('.note').count(), 2)
    if (process.env.SCREENSHOT) await card.screenshot({ path: process.env.SCREENSHOT })
  })

  it('several recoveries are stages in their order, each with its own curve on one axis of steps', async () => {
    const list = recorded.recordedList()
    const retraining = list.findIndex((event) => event.type === 'phase' && event.phase === 'retrain')
    await open(listing('running'), settings, events(list.slice(0, retraining + 3)))
    const stages = page.getByRole('list', { name: 'Recoveries of the run' }).getByRole('listitem')
    assert.deepEqual(await stages.allTextContents(), ['1 refit', '2 reconstruct', '3 retrain'])
    assert.deepEqual(await stages.evaluateAll((items) => items.map((item) => item.getAttribute('aria-current'))), [
      null,
      null,
      'step',
    ])
    await send(page, events(list.slice(retraining + 3), 'a', retraining + 3))
    assert.deepEqual(await chart('Loss').locator('.note').allTextContents(), ['2 reconstruct', '3 retrain'])
    assert.deepEqual(await ticks('Loss', 'x'), ['0', '20', '40', '60', '80'])
    const key = await chart('Reconstruction').getByRole('group', { name: 'Series and their last values' }).innerText()
    for (const name of ['1 refit, before', '1 refit, after', '2 reconstruct, before', '2 reconstruct, after'])
      assert.ok(key.includes(name), key)
    if (process.env.SCREENSHOT) await page.screenshot({ path: process.env.SCREENSHOT, fullPage: true })
  })

  it('the arrow keys read all series of the nearest point aloud, and Escape closes the box', async () => {
    await open(listing('done'), settings, events(run))
    const picture = page.getByRole('application', { name: 'Reconstruction error per block' })
    await picture.focus()
    await page.keyboard.press('Home')
    assert.match(await spoken(), /^block 0\. before: 0\.02; after: 0\.007$/)
    await page.keyboard.press('ArrowRight')
    assert.match(await spoken(), /^block 1\. /)
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowRight')
    assert.match(await spoken(), /^block 11\. /)
    assert.equal(await picture.locator('.readoutMark').count(), 2)
    await page.keyboard.press('Escape')
    assert.equal(await picture.locator('.readout').isVisible(), false)
  })

  it('the pointer shows the values of the nearest step, and the levels', async () => {
    await open(listing('done'), settings, events(run))
    const picture = page.getByRole('application', { name: 'Perplexity' })
    await picture.hover()
    assert.match(await picture.locator('.readout').innerText(), /step 360\s+recovered: 31\.2\s+dense: 27\.65/)
    await page.mouse.move(0, 0)
    assert.equal(await picture.locator('.readout').isVisible(), false)
  })

  it('a value that is read stays in sight when the chart grows', async () => {
    await open(listing('running'), settings, events(run.slice(0, 60)))
    const picture = page.getByRole('application', { name: 'Loss' })
    await picture.focus()
    await page.keyboard.press('Home')
    await send(page, events(run.slice(60, 90), 'a', 60))
    assert.match(await picture.locator('.readout').innerText(), /^step 1\s/)
  })

  it('every chart is saved as a figure: SVG with its own colours, PNG on white with twice the pixels', async () => {
    await open(listing('done'), settings, events(run))
    const names = ['loss', 'perplexity', 'reconstruction-error-per-block', 'sparsity', 'errors-by-step']
    for (const name of names) {
      for (const kind of ['SVG', 'PNG']) await page.getByRole('button', { name: `Save ${name} as ${kind}` }).click()
    }
    const files = async () => (await posted(page)).filter(({ type }) => type === 'export')
    while ((await files()).length < 2 * names.length) await page.waitForTimeout(20)
    const found = new Map((await files()).map((file) => [String(file.name), String(file.content)]))
    for (const name of names) {
      const svg = found.get(`${name}.svg`) ?? ''
      assert.ok(!/var\(--|#cccccc/.test(svg), name)
      const { size, corner } = await pictureOf(page, found.get(`${name}.png`) ?? '')
      const [, width, height] = /viewBox="0 0 ([\d.]+) ([\d.]+)"/.exec(svg) ?? []
      assert.deepEqual(size, [2 * Math.round(Number(width)), 2 * Math.round(Number(height))], name)
      assert.deepEqual(corner, [255, 255, 255, 255], name)
    }
    assert.match(found.get('perplexity.svg') ?? '', />dense<\/text>/)
  })

  it('zero-shot accuracy: tiles, a curve with standard errors, each task, and what is not told apart', async () => {
    const names = ['arc_easy', 'piqa'] as const
    const measured = (stage: Stage, accs: number[], step?: number) =>
      accs.map((acc, entry): RunEvent => {
        const place = { entry, task: names[entry], data: `${names[entry]}.jsonl`, ...(step !== undefined && { step }) }
        return { t: 1, type: 'eval', stage, ...place, acc, stderr: 0.02 }
      })
    const trained = run.slice(firstStep, firstStep + 30)
    const list = [
      run[0],
      ...measured('dense', [0.6, 0.7]),
      ...measured('pruned', [0.4, 0.5]),
      ...trained,
      ...measured('recovered', [0.5, 0.6], 30),
      ...trained,
      ...measured('recovered', [0.6, 0.69]),
    ]
    await open(listing('done'), settings, events(list))
    for (const [stage, value] of [
      ['dense', '65.0 % ± 1.4'],
      ['pruned', '45.0 % ± 1.4'],
      ['recovered', '64.5 % ± 1.4'],
    ])
      await page
        .locator('.tiles li', { hasText: `mean accuracy of 2 tasks, ${stage}` })
        .getByText(value)
        .waitFor()
    const curve = chart('Zero-shot accuracy')
    assert.equal(await curve.locator('.errorBand').count(), 2)
    assert.equal(await curve.locator('.errorBar').count(), 2)
    assert.deepEqual((await curve.locator('.note').allTextContents()).sort(), [
      'dense 65.0 % ± 1.4',
      'pruned 45.0 % ± 1.4',
      'recovered',
    ])
    const picture = page.getByRole('application', { name: 'Zero-shot accuracy' })
    await picture.focus()
    await page.keyboard.press('Home')
    assert.match(await spoken(), /^step 30\. recovered: 55\.0 % ± 1\.4; dense: 65\.0 % ± 1\.4; pruned: 45\.0 % ± 1\.4$/)
    assert.equal(await page.getByRole('img', { name: 'Accuracy by task' }).locator('rect title').count(), 9)
    const table = page.getByRole('region', { name: 'Accuracy by task, table' })
    assert.deepEqual(await table.getByRole('row').allInnerTexts(), [
      'task\tdense\tpruned\trecovered',
      'arc_easy\t60.0 % ± 2.0\t40.0 % ± 2.0\t60.0 % ± 2.0',
      'piqa\t70.0 % ± 2.0\t50.0 % ± 2.0\t69.0 % ± 2.0',
      'mean\t65.0 % ± 1.4\t45.0 % ± 1.4\t64.5 % ± 1.4',
    ])
    await page.getByText('The accuracies of dense and recovered differ by no more than').waitFor()
    assert.equal(await page.getByText('The accuracies of pruned and recovered').count(), 0)
  })

  it('ends with a card: what it cost and won, where it is saved, and what to do next', async () => {
    await open(listing('done'), settings, events(run))
    assert.equal(await page.getByRole('heading', { name: 'Result' }).count(), 0)
    const result = resultOf({
      perplexity: { dense: 27.65, pruned: 47.65, recovered: 31.2 },
      sparsity: 0.5,
      trainable: { percent: 2.2 },
      seconds: { total: 17 },
      peak_memory_mb: 700,
      output: '/models/opt-125m-wanda50',
    })
    await send(page, { type: 'runResult', result })
    const card = page.locator('section', { hasText: 'Result' })
    const facts = page.getByRole('list', { name: 'Result of the run' })
    assert.deepEqual(await facts.getByRole('listitem').allInnerTexts(), [
      '27.65\nperplexity, dense',
      '47.65\nperplexity, pruned',
      '31.2\nperplexity, recovered',
      '82 %\nof the gap in perplexity won back',
      '50.00 %\nsparsity',
      '2.2 %\ntrained',
      '17 s\ntime',
      '700 MB\nmemory, peak',
    ])
    await card.getByText('Saved to /models/opt-125m-wanda50').waitFor()
    assert.equal(await page.getByRole('list', { name: 'Numbers of the run' }).count(), 0)
    for (const name of ['Open report', 'Compare…', 'Try it', 'Open output', 'Write model card', 'Copy as Markdown'])
      await page.getByRole('button', { name }).click()
    const all = (await posted(page)).slice(-6)
    const copied = all[5]
    assert.deepEqual(
      all.slice(0, 5).map(({ what }) => what),
      ['report', 'comparison', 'tryOut', 'output', 'card'],
    )
    assert.equal(copied.type, 'copy')
    assert.match(String(copied.text), /^\| opt-125m-wanda50 \| \|\n.*\n\| perplexity, dense \| 27\.65 \|/)
    // Another run that goes on sends its news ten times a second: what is pressed or has the focus stays.
    const button = page.getByRole('button', { name: 'Open report' })
    await button.focus()
    await button.evaluate((element) => element.setAttribute('data-same', ''))
    await send(page, listing('done', 1))
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
    assert.ok(await page.evaluate("document.activeElement.matches('[data-same]')"))
    // Gone on with: nothing is final.
    await send(page, { type: 'runResult', result: null })
    assert.equal(await page.getByRole('heading', { name: 'Result' }).count(), 0)
    assert.equal(await page.getByRole('list', { name: 'Numbers of the run' }).count(), 1)
  })

  it('every chart can be read as a table, which stays in step and where the reader is', async () => {
    await open(listing('running'), settings, events(run.slice(0, firstStep + 3)))
    const table = (title: string) => page.getByRole('region', { name: `${title}, table` })
    const rows = (title: string) => table(title).getByRole('row').allInnerTexts()
    const toggle = (title: string) => page.getByRole('button', { name: 'table' }).and(page.getByTitle(`${title}: show`))
    assert.equal(await page.getByRole('table').count(), 0)
    await toggle('Loss').focus()
    await page.keyboard.press('Enter')
    await toggle('Perplexity').click()
    await send(page)
    assert.equal(await toggle('Loss').getAttribute('aria-pressed'), 'true')
    assert.equal(await chart('Loss').getByRole('application').count(), 0)
    assert.equal(await chart('Loss').getByRole('button', { name: 'log y' }).isDisabled(), true)
    const losses = await rows('Loss')
    assert.deepEqual(losses[0].split('\t'), ['step', 'loss'])
    assert.deepEqual(
      losses.slice(1).map((line) => line.split('\t')[0]),
      ['1', '2', '3'],
    )
    assert.deepEqual(await rows('Perplexity'), ['step\tvalue', 'dense\t27.65'])
    // Rows that are there stay the same elements.
    await table('Loss').evaluate((e) => e.querySelector('tbody tr')?.setAttribute('data-read', 'here'))
    await send(page, events(run.slice(firstStep + 3), 'a', firstStep + 3))
    assert.equal((await rows('Loss')).length, 1 + 360)
    assert.equal(await table('Loss').locator('[data-read=here]').count(), 1)
    assert.deepEqual(await rows('Perplexity'), ['step\trecovered', 'dense\t27.65', '360\t31.2'])
    const map = 'Sparsity by block and module'
    await toggle(map).click()
    await send(page)
    assert.equal((await rows(map)).length, 1 + 12)
    assert.match((await rows(map))[1], /^0\t\d\d\.\d\d %\t/)
    assert.equal(await page.getByRole('grid', { name: 'Sparsity of the blocks so far' }).count(), 0)
    await toggle('Loss').click()
    await send(page)
    assert.equal(await chart('Loss').getByRole('application').isVisible(), true)
  })

  it('at any width the buttons of a chart stand in one line and the pictures of a row at one height', async () => {
    await open(listing('done'), settings, events(run))
    for (const width of [600, 1150, 1500, 1900]) {
      await page.setViewportSize({ width, height: 900 })
      await send(page)
      for (const tools of await page.locator('.chartTools:visible').all()) {
        const tops = await tools.locator('button').evaluateAll((all) => all.map((b) => b.getBoundingClientRect().top))
        assert.equal(new Set(tops).size, 1, `${width} px: ${tops.join()}`)
        const [left, right] = await tools.evaluate((e) =>
          [e.getBoundingClientRect(), e.closest('.card')?.getBoundingClientRect()].map((b) => b?.right ?? 0),
        )
        assert.ok(left <= right, `${width} px: buttons are cut off`)
      }
      const places = await page.locator('.charts .card:visible').evaluateAll((cards) =>
        cards.map((card) => {
          const picture = card.querySelector('.chartPicture')
          return [card.getBoundingClientRect().top, picture?.getBoundingClientRect().top ?? 0]
        }),
      )
      const byRow = new Map<number, Set<number>>()
      for (const [row, top] of places) byRow.set(row, new Set([...(byRow.get(row) ?? []), top]))
      for (const tops of byRow.values()) assert.equal(tops.size, 1, `${width} px: ${[...tops].join()}`)
    }
  })

  it('a long list of runs scrolls, and keeps place and focus while the runs go on', async () => {
    await open(listing('running', 80), settings, events(run.slice(0, 90)))
    const list = page.getByRole('group', { name: 'Runs overlaid on this one' })
    assert.ok(await list.evaluate((e) => e.scrollHeight > e.clientHeight + 50 && e.clientHeight < 140))
    await page.getByRole('checkbox', { name: 'recipe 70 · 2026-12-30 10:00:00' }).focus()
    const before = await list.evaluate((e) => e.scrollTop)
    assert.ok(before > 0)
    await send(page, listing('running', 80))
    assert.equal(await list.evaluate((e) => e.scrollTop), before)
    assert.equal(await page.evaluate('document.activeElement.type'), 'checkbox')
  })

  it('a run that nobody laid over this one stays out of its charts', async () => {
    await open(listing('running', 1), settings, events(run.slice(0, 90)), events(run, 'other 0'))
    assert.equal(await chart('Loss').locator('.line').count(), 1)
    await page.getByRole('checkbox', { name: /recipe 0/ }).check()
    await send(page, events(run, 'other 0'))
    assert.equal(await chart('Loss').locator('.line').count(), 2)
    await chart('Loss').getByText('recipe 0 · 2026-12-30 10:00:00').waitFor()
  })

  it('tables and tiles show the recipe’s first entry, charts all', async () => {
    const evaluation = (entry: number, perplexity: number): RunEvent => {
      return { t: 1, type: 'eval', stage: 'dense', entry, data: `${entry}.txt`, seq_len: 64, perplexity }
    }
    await open(listing('done'), settings, events([run[0], evaluation(1, 12), evaluation(0, 38), evaluation(1, 13)]))
    await page.locator('.tiles li', { hasText: 'perplexity, dense' }).getByText('38').waitFor()
    assert.equal(await chart('Perplexity').locator('.level').count(), 2)
  })

  it('its name is the recipe’s; the report opens from it; a run that waits says behind what', async () => {
    const named = { ...run[0], name: '20261231-235958-wanda50' } as RunEvent
    await open({ type: 'loading', what: 'wanda50 is queued behind sparsegpt' })
    await page.getByText('wanda50 is queued behind sparsegpt').waitFor()
    await send(page, listing('done'), settings, events([named, ...run.slice(1)]))
    assert.equal(await page.locator('h1').innerText(), 'wanda50')
    await page.getByText('2026-12-31 23:59:58').first().waitFor()
    await page.getByRole('button', { name: 'Open report' }).click()
    assert.deepEqual((await posted(page)).at(-1), { type: 'reveal', what: 'report' })
  })

  it('step 0 has its place on a logarithmic axis', async () => {
    await open(listing('running'), settings, events(run.slice(0, firstStep + 40)))
    await chart('Perplexity').getByRole('button', { name: 'log x' }).click()
    await send(page)
    assert.deepEqual((await ticks('Perplexity', 'x')).slice(0, 1), ['1'])
    assert.equal(await chart('Perplexity').locator('.level').count(), 1)
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
