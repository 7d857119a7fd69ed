import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import type { RunEvent } from '../../src/runs/series/events.ts'
import { resultOf } from '../../src/runs/series/runResult.ts'
import { posted, send } from '../support/browser.ts'
import { events, listing, runPages, settings, titles, until, type RunPage } from '../support/runPage.ts'
import { keepPicture } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedBoth, recordedRetraining } from './harness/recordedRetraining.ts'

const run = recorded.recordedRun(12)
const [retraining, both] = [recordedRetraining(), recordedBoth()]
const { loss, errors, chart } = titles

describe('the view of a run in Chromium', () => {
  const pages = runPages()
  let page: Page
  let view: RunPage

  async function open(...messages: object[]): Promise<void> {
    view = await pages.open(...messages)
    page = view.page
  }

  it('is never empty: before anything is measured the list of stages says what comes and what is in progress', async () => {
    await open(listing('running'), settings)
    await page.getByText('Nothing is measured yet.').waitFor()
    await send(page, events(retraining.slice(0, 2)))
    assert.deepEqual(await view.stages().locator('.stageTitle').allTextContents(), [
      '● Dense, in progress',
      '○ Prune, not started',
      '○ Retrain, not started',
      '○ Recovered, not started',
    ])
    assert.equal(await page.locator('.charts .chart:visible').count(), 0)
    assert.equal(await page.locator('.recoveryCharts .planned').count(), 3)
    await page.locator('.recoveryCharts').getByText('not measured yet', { exact: true }).waitFor()
    const windows = (done: number): RunEvent => {
      return { t: 20 + done, type: 'progress', phase: 'evaluate', done, total: 16, unit: 'windows', eta_s: 9 }
    }
    await send(page, events([windows(2)], 'a', 2))
    assert.match(await view.stages().first().innerText(), /measuring: 2 of 16 windows/)
    assert.deepEqual(await view.bar(0), { cells: '16', share: '0.125' })
    await send(page, events([windows(12)], 'a', 3))
    assert.deepEqual(await view.bar(0), { cells: '16', share: '0.75' })
    await keepPicture(page, 'run-first-minute')
  })

  it('a cell of the bar fills for each block that a pass has finished', async () => {
    await open(listing('running'), settings, events(until(both, ({ type }) => type === 'block', 3)))
    const pass = (await view.stages().locator('.stageTitle').allTextContents()).findIndex((title) =>
      title.startsWith('●'),
    )
    assert.deepEqual(await view.bar(pass), { cells: '12', share: '0.25' })
    await keepPicture(page, 'run-blocks')
  })

  it('the list of stages fills as events come, and the loss and the progress name the same step', async () => {
    await open(listing('running'), settings, events(until(retraining, ({ type }) => type === 'step', 15)))
    const texts = (await view.stages().allInnerTexts()).map((text) => text.replace(/\s+/g, ' ').replace(' ,', ','))
    assert.match(texts[0], /^✓ Dense, done 27\.65 perplexity 0\.9 s$/)
    assert.match(texts[1], /^✓ Prune, done 67\.65 perplexity 1\.6 s$/)
    assert.match(texts[2], /^● Retrain, in progress 45\.03 perplexity after 10 steps step 15 of 40 /)
    assert.match(texts[3], /^○ Recovered/)
    await page.getByText('50 % · Retrain: step 15 of 40 · about 9 s left').waitFor()
    await page.getByText('You can close this window: the run continues.').waitFor()
    assert.equal(await view.stages().nth(2).getAttribute('aria-current'), 'step')
    await view.choose(loss, 'Show as table')
    assert.equal(
      await page
        .getByRole('region', { name: `${loss}, table` })
        .getByRole('row')
        .count(),
      1 + 15,
    )
  })

  it('the recovery chart of the second text comes first, and each names its text', async () => {
    const twice = retraining.flatMap((event) =>
      event.type === 'eval' && event.step === undefined
        ? [event, { ...event, entry: 1, data: 'data/wiki.txt', perplexity: 20 + (event.perplexity ?? 0) / 2 }]
        : [event],
    )
    await open(listing('done'), settings, events(twice))
    const words = await page.locator('.recoveryCharts .say').allTextContents()
    assert.match(words[0], /^Recovery closed \d+\s% of the perplexity gap that pruning opened on wiki\.txt\.$/)
    assert.match(words[1], /^Recovery closed 95\s% of the perplexity gap that pruning opened on wikitext2-test\.txt\.$/)
    await keepPicture(page, 'run-two-texts')
  })

  it('the recovery chart says how much of the gap is closed, also during retraining; it names unknown stages and does not draw them', async () => {
    const measured = (n: number) => until(retraining, ({ type }) => type === 'eval', n)
    await open(listing('running'), settings, events(measured(1)))
    assert.equal(await view.words(), '27.65 dense; the pruned model is not measured yet.')
    assert.equal(await page.locator('.recoveryCharts .wonBack, .recoveryCharts .pruned').count(), 0)
    await send(page, events(measured(3).slice(measured(1).length), 'a', measured(1).length))
    assert.equal(
      await view.words(),
      'After 10 steps, recovery has closed 57 % of the perplexity gap that pruning opened on wikitext2-test.txt.',
    )
    await page.locator('.recoveryCharts').getByText('recovered 45.03 after 10 steps').waitFor()
    await send(page, events(retraining))
    assert.equal(
      await view.words(),
      'Recovery closed 95 % of the perplexity gap that pruning opened on wikitext2-test.txt.',
    )
    assert.equal(await page.locator('.recoveryCharts .wonBack').count(), 1)
    await view.choose(chart, 'Show as table')
    const row = page.locator('.recoveryCharts').getByRole('row').nth(1)
    assert.match(await row.innerText(), /27\.65\s+67\.65\s+29\.65\s+95 %$/)
  })

  it('an adapter that was merged: how much of its update fell on zeros, in all and by kind of matrix', async () => {
    const facts = {
      name: 'opt-merge',
      model: 'opt-125m',
      device: 'cpu',
      description: 'OpenBLAS',
      version: '0.1.0',
      blocks: 2,
    }
    const plan = { prunes: false, recoveries: ['merge'], measures: ['dense', 'recovered'] } as const
    const merged = (block: number, ...cuts: number[]): RunEvent => {
      const [q, down] = cuts.map((cut) => ({ norm: 2, cut }))
      const modules = { [`model.layers.${block}.self_attn.q_proj`]: q, [`model.layers.${block}.mlp.down_proj`]: down }
      return { t: 30 + block, type: 'merge', block, modules }
    }
    const start: RunEvent = { t: 0, type: 'start', ...facts, plan }
    const ppl = { type: 'eval', entry: 0, task: 'perplexity', data: 'data/wikitext2-test.txt', seq_len: 2048 } as const
    await open(
      listing('done'),
      settings,
      events([
        start,
        { t: 10, ...ppl, stage: 'dense', perplexity: 67.65 },
        { t: 20, type: 'phase', phase: 'merge' },
        merged(0, 0.5, 0.1),
        merged(1, 0.3, 0.1),
        { t: 50, ...ppl, stage: 'recovered', perplexity: 39.1 },
        { t: 60, type: 'end', status: 'done' },
      ]),
    )
    await page
      .getByText("25.0 % of the adapter's update (of its squared norm) fell on zeros and was cut off.")
      .waitFor()
    const rows = page.getByRole('region', { name: 'Merged adapter, table' }).getByRole('row')
    const texts = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, ' '))
    assert.deepEqual(texts.slice(1), [
      'self_attn.q_proj 2 40.0 % 30.0 % 50.0 %',
      'mlp.down_proj 2 10.0 % 10.0 % 10.0 %',
    ])
    assert.match(await view.stages().nth(1).innerText(), /Merge/)
    await keepPicture(page, 'run-merge')
  })

  it('a reconstruction has no loss curve: a bar for each block says what it leaves of the error', async () => {
    await open(listing('done'), settings, events(run))
    assert.equal(await view.chart(loss).count(), 0)
    assert.equal(await view.chart(errors).locator('.bar').count(), 12)
    assert.deepEqual(await view.ticks(errors, 'y'), ['0 %', '50 %', '100 %'])
    await page.getByRole('application', { name: errors }).focus()
    await page.keyboard.press('Home')
    assert.equal(await view.spoken(), 'block 0: 35.00 % left, mean squared error 0.02 before, 0.007 after')
    await page.keyboard.press('End')
    await page.keyboard.press('ArrowRight')
    assert.match(await view.spoken(), /^block 11: /)
  })

  it('a block that stands out is marked, lights up everywhere, and its matrices open in the Inspector', async () => {
    const odd = run.map((event) => {
      if (event.type !== 'block') return event
      const { block, error_before: before = 0 } = event
      return block === 7
        ? { ...event, error_after: 0.95 * (before ?? NaN) }
        : block === 3
          ? { ...event, error_after: null }
          : event
    }) as RunEvent[]
    await open(listing('done'), settings, events(odd))
    assert.equal(await view.chart(errors).locator('.gap').count(), 1)
    await view.chart(errors).getByText('far above the others').waitFor()
    await page.getByRole('button', { name: 'block 7, 95.00 % left' }).click()
    assert.equal(await view.chart(errors).locator('.pickedBar').count(), 1)
    const map = page.getByRole('grid', { name: 'Sparsity of the blocks so far' })
    await map.getByRole('gridcell', { name: /^block 7, / }).waitFor()
    const card = page.getByRole('region', { name: 'Block 7' })
    await keepPicture(page, 'run-block')
    await card.getByRole('button', { name: /^fc2 50\.00 %/ }).click()
    assert.deepEqual((await posted(page)).at(-1), {
      type: 'openMatrix',
      name: 'model.decoder.layers.7.fc2.weight',
    })
    await card.getByRole('button', { name: 'Close' }).click()
    assert.equal(await page.locator('.pickedBar').count(), 0)
    const box = await page.getByRole('application', { name: errors }).boundingBox()
    await page.mouse.click((box?.x ?? 0) + 80, (box?.y ?? 0) + 60)
    await page.getByRole('region', { name: 'Block 0' }).waitFor()
  })

  it('generated texts are shown by stage, with the first different token marked; a hostile prompt is text', async () => {
    const hostile = '<img src=x onerror=alert(1)>\u202e\u0007'
    const said = [...recorded.recordedSamples(), ...recorded.recordedSamples(hostile).map((e) => ({ ...e, entry: 2 }))]
    await open(listing('done'), settings, events([...run, ...said]))
    const card = page.locator('.card', { hasText: 'Generated samples' })
    const [first, second] = [card.getByRole('table').first(), card.getByRole('table').nth(1)]
    assert.deepEqual(await first.getByRole('rowheader').allTextContents(), ['dense', 'pruned', 'after 40', 'recovered'])
    assert.deepEqual(await first.locator('mark').allTextContents(), [' of of', ' capital', ' love.'])
    assert.equal(await second.locator('caption').innerText(), '<img src=x onerror=alert(1)>\\u202e\\u0007')
    assert.equal(await card.locator('img').count(), 0)
  })

  it('several recoveries are stages in their order, each with its own picture', async () => {
    const list = recorded.recordedList()
    const begins = list.findIndex((event) => event.type === 'phase' && event.phase === 'retrain')
    await open(listing('running'), settings, events(list.slice(0, begins + 3)))
    const titles = await view.stages().locator('.stageTitle').allTextContents()
    assert.deepEqual(titles, [
      '✓ Dense, done',
      '✓ Prune, done',
      '✓ 1 refit, done',
      '✓ 2 reconstruct, done',
      '● 3 retrain, in progress',
    ])
    await send(page, events(list.slice(begins + 3), 'a', begins + 3))
    assert.deepEqual(await view.chart(loss).locator('.note').allTextContents(), ['3 retrain'])
    assert.deepEqual((await view.ticks(loss, 'x')).slice(0, 2), ['0', '5'])
    for (const name of ['1 refit', '2 reconstruct'])
      assert.equal(await view.chart(`Error left after ${name}, by block`).locator('.bar').count(), 2)
    await keepPicture(page, 'run-list')
  })

  it('a finished run says what it cost and where it is saved; three actions, and the others in a menu', async () => {
    await open(listing('done'), settings, events(run))
    assert.equal(await page.getByRole('list', { name: 'Result of the run' }).count(), 0)
    const result = resultOf({
      perplexity: { dense: 27.65, pruned: 47.65, recovered: 31.2 },
      sparsity: 0.5,
      trainable: { percent: 2.2 },
      seconds: { total: 17 },
      peak_memory_mb: 700,
      output: '/models/opt-125m-wanda50',
      gguf_output: '/models/opt-125m-wanda50.gguf',
    })
    await send(page, { type: 'runResult', result })
    const facts = page.getByRole('list', { name: 'Result of the run' })
    assert.deepEqual(await facts.getByRole('listitem').allInnerTexts(), [
      'sparsity 50.00 %',
      'trained 2.2 %',
      'time 17 s',
      'memory, peak 700 MB',
      'Saved to /models/opt-125m-wanda50',
      'For llama.cpp: /models/opt-125m-wanda50.gguf',
    ])
    await keepPicture(page, 'run-result')
    assert.equal(await page.getByRole('list', { name: 'Numbers of the run' }).count(), 0)
    const before = (await posted(page)).length
    assert.deepEqual(await page.locator('.head').getByRole('button').allInnerTexts(), [
      'Compare…',
      'Try it',
      'Open output',
      '⋯',
    ])
    for (const name of ['Compare…', 'Try it', 'Open output']) await page.getByRole('button', { name }).click()
    for (const name of ['Open report', 'Open recipe', 'Write model card', 'Copy as Markdown']) await view.act(name)
    const all = (await posted(page)).slice(before)
    const copied = all[6]
    assert.deepEqual(
      all.slice(0, 6).map(({ what }) => what),
      ['comparison', 'tryOut', 'output', 'report', 'recipe', 'card'],
    )
    assert.equal(copied.type, 'copy')
    assert.match(String(copied.text), /^\| opt-125m-wanda50 \| {2}\|\n.*\n\| perplexity, dense \| 27\.65 \|/)
    // Another run that goes on sends its news ten times a second: what is pressed or has the focus stays.
    const button = page.getByRole('button', { name: 'Try it' })
    await button.focus()
    await button.evaluate((element) => element.setAttribute('data-same', ''))
    await send(page, listing('done', 1))
    await page.evaluate('new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))')
    assert.ok(await page.evaluate("document.activeElement.matches('[data-same]')"))
    // Gone on with: nothing is final.
    await send(page, { type: 'runResult', result: null })
    assert.equal(await page.getByRole('list', { name: 'Numbers of the run' }).count(), 1)
  })

  it('a long list of runs scrolls, and keeps place and focus while the runs continue', async () => {
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

  it('only an overlaid run is in the pictures of another, and then in all of them', async () => {
    await open(listing('running', 1), settings, events(both), events(both, 'other 0'))
    assert.equal(await view.chart(loss).locator('.line').count(), 1)
    await page.getByRole('checkbox', { name: /recipe 0/ }).check()
    await send(page, events(both, 'other 0'))
    assert.equal(await view.chart(loss).locator('.line').count(), 2)
    for (const place of [
      view.chart(loss),
      page.locator('.recoveryCharts'),
      page.locator('figure', { hasText: 'Error left after' }).locator('.key'),
    ])
      await place.getByText('recipe 0 · 2026-12-30 10:00:00').first().waitFor()
    await keepPicture(page, 'run-overlay')
    await page.getByRole('checkbox', { name: /recipe 0/ }).uncheck()
    await send(page)
    assert.equal(await view.chart(loss).locator('.line').count(), 1)
  })

  it('the list of stages shows the recipe’s first entry and names the others; each has its recovery chart', async () => {
    const evaluation = (entry: number, value: number): RunEvent => {
      return { t: 1, type: 'eval', stage: 'dense', entry, data: `${entry}.txt`, seq_len: 64, perplexity: value }
    }
    await open(listing('done'), settings, events([run[0], evaluation(1, 12), evaluation(0, 38), evaluation(1, 13)]))
    assert.equal(await view.stages().first().locator('b').innerText(), '38')
    await view.stages().first().getByText('13 perplexity on 1.txt').waitFor()
    assert.equal(await page.locator('.recoveryPicture svg').count(), 2)
  })

  it('a run that failed, was cancelled or interrupted shows where it stopped, and can be resumed', async () => {
    const part = until(retraining, ({ type }) => type === 'step', 5)
    const ended = (status: 'failed' | 'cancelled'): RunEvent => ({
      t: 9000,
      type: 'end',
      status,
      message: 'no space left',
    })
    for (const [status, list] of [
      ['failed', [...part, ended('failed')]],
      ['cancelled', [...part, ended('cancelled')]],
      ['interrupted', part],
    ] as const) {
      await open(listing(status), settings, events(list))
      assert.match(await view.stages().nth(2).innerText(), /^✕ Retrain/)
      assert.match(await view.stages().nth(3).innerText(), /^○ Recovered/)
      assert.equal(await page.getByRole('alert').count(), status === 'failed' ? 1 : 0)
      assert.equal(await page.getByText('the run continues').count(), 0)
      assert.equal(await page.getByRole('progressbar').count(), 0)
      await page.getByRole('button', { name: 'Resume' }).click()
      assert.deepEqual((await posted(page)).at(-1), { type: 'resumeRun' })
      await page.close()
    }
  })

  it('its name is the recipe’s; the report opens from it; a run that waits says behind what', async () => {
    const named = { ...run[0], name: '20261231-235958-wanda50' } as RunEvent
    await open({ type: 'loading', what: 'wanda50 is queued behind sparsegpt' })
    await page.getByText('wanda50 is queued behind sparsegpt').waitFor()
    await send(page, listing('done'), settings, events([named, ...run.slice(1)]))
    assert.equal(await page.locator('h1').innerText(), 'wanda50')
    await page.getByText('2026-12-31 23:59:58').first().waitFor()
    await view.act('Open report')
    assert.deepEqual((await posted(page)).at(-1), { type: 'reveal', what: 'report' })
  })
})
