import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { formatValue } from '../../src/formatting/numbers.ts'
import { answer, posted, send, type ViewName } from '../support/browser.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'
import { recordedTraining } from './harness/recordedTraining.ts'
import { recordedRows, recordedWhat } from './harness/recordedSweep.ts'
import { recordedStart } from './harness/recordedForm.ts'
import { recordedRetraining } from './harness/recordedRetraining.ts'
import { recordedTrial } from './harness/recordedTrial.ts'
import type { ThemeName } from './harness/themes.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const run = recorded.recordedRun(12)
const { tensors, changes, result } = recorded.recordedChanges(model)
const settings = { type: 'settings', settings: recorded.settings }
const listing = (status: string) => ({
  type: 'runs',
  current: 'a',
  runs: [
    { folder: 'a', name: 'first', time: '2026-12-31 23:59:58', status, started: 0 },
    { folder: 'b', name: 'second', time: '', status: 'done', started: 0 },
  ],
})

const messages: Record<ViewName, readonly object[]> = {
  inspector: [settings, { type: 'model', model, stats }],
  run: [listing('done'), settings, { type: 'events', folder: 'a', from: 0, events: run }],
  sweep: [settings, { type: 'compared', what: recordedWhat, rows: recordedRows(5, 3) }],
  compare: [
    settings,
    { type: 'models', a: { path: '/a', label: 'a' }, b: { path: '/b', label: 'b' } },
    { type: 'progress', progress: { tensors, changes, done: tensors.length, total: tensors.length } },
    { type: 'result', result },
  ],
  try: [settings, ...recordedTrial()],
  recipe: [settings, { type: 'start', ...recordedStart() }],
  trainable: [settings, recordedTraining(model)],
}

const inBlock = ({ block, module }: (typeof model.tensors)[number]) => (block === null ? [] : [module])

describe('views in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(view: ViewName, theme: ThemeName = 'dark'): Promise<void> {
    page = await pages.open(view, { theme })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(model.tensors[2], stats[2]))
  }

  for (const view of Object.keys(messages) as ViewName[]) {
    for (const theme of ['light', 'dark', 'highContrast', 'highContrastLight'] as const) {
      it(`${view} in ${theme}: text reads on its background, nothing is remote, nothing overflows`, async () => {
        await open(view, theme)
        await send(page, ...messages[view])
        assert.ok((await contrast(page)) >= 4.5, `contrast ${await contrast(page)}`)
        assert.ok((await tooWide(page)) <= 0, `${await tooWide(page)} px too wide`)
        assert.equal(await page.evaluate('performance.getEntriesByType("resource").length'), 0)
      })
    }

    it(`${view} shows a skeleton at once, then loading, a failure with a remedy, and its data`, async () => {
      await open(view)
      assert.ok(await page.locator('.skeleton').isVisible())
      await send(page, { type: 'loading', what: 'Reading a header' })
      await page.getByText('Reading a header').waitFor()
      await send(page, { type: 'failed', message: 'model.safetensors: the header is cut off' })
      await page.getByRole('alert').getByText('the header is cut off').waitFor()
      await page.getByRole('button', { name: 'Try again' }).click()
      assert.ok((await posted(page)).some((m) => m.type === 'retry'))
      await send(page, ...messages[view])
      await page.locator('h1').waitFor()
    })
  }

  it('the map works by keyboard, and says where it is', async () => {
    await open('inspector')
    await send(page, ...messages.inspector)
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    for (const key of ['ArrowDown', 'ArrowRight', 'End', 'PageDown']) await page.keyboard.press(key)
    const status = page.locator('.srOnly[role=status]')
    assert.match(await status.innerText(), /^block 11, fc2: \d+\.\d+ % exact zeros/)
    await page.locator('.detail .name', { hasText: 'layers.11.fc2.weight' }).waitFor()
  })

  it('weights near zero are counted up to a threshold, and heads have their own profile', async () => {
    await open('inspector')
    await send(page, ...messages.inspector)
    const tensor = model.tensors.find(({ name }) => name.includes('q_proj'))
    assert.ok(tensor)
    await send(page, { type: 'select', name: tensor.name })
    const detail = recorded.recordedDetail(tensor, stats[2])
    await answer(page, 'detail', { ...detail, near: { threshold: 0.01, count: 12 } })
    await page.getByRole('spinbutton', { name: 'Near zero' }).fill('0.01')
    await page.keyboard.press('Enter')
    await page.locator('.detail').getByText('(12) with |w| ≤ 0.01').waitFor()
    await page
      .locator('.detail .caption', { hasText: /^heads: .*\(head \d+\) to .*\(head \d+\) exact zeros$/ })
      .waitFor()
    const asked = (await posted(page)).filter((m) => m.type === 'ask' && m.call === 'detail').at(-1)
    assert.equal((asked?.params as { threshold: number }).threshold, 0.01)
  })

  it('the table works by keyboard, sorts and filters, also with a wrong expression', async () => {
    await open('inspector')
    await send(page, ...messages.inspector)
    const table = page.getByRole('grid', { name: 'Tensors' })
    await table.getByRole('columnheader', { name: 'Zeros' }).getByRole('button').click()
    assert.equal(await table.getByRole('columnheader', { name: 'Zeros' }).getAttribute('aria-sort'), 'descending')
    await table.focus()
    await page.keyboard.press('Home')
    const most = Math.max(...stats.map((s) => s.sparsity))
    assert.match(await table.locator('[aria-selected=true]').innerText(), new RegExp((most * 100).toFixed(2)))
    await page.getByRole('button', { name: 'Use a regular expression' }).click()
    const filter = page.getByLabel('Filter tensors by name')
    await filter.fill('layers\\.(3|4)\\.fc')
    await page.getByText(`8 of ${model.tensors.length}`).waitFor()
    await filter.fill('layers.(')
    await page.locator('.filter [role=alert]', { hasText: /./ }).waitFor()
  })

  it('the colours of the map are those of the setting', async () => {
    await open('inspector')
    await send(page, ...messages.inspector)
    const bar = page.locator('.legendBar').first()
    const gradients = new Set<string>()
    for (const palette of ['viridis', 'cividis', 'greys']) {
      await send(page, { type: 'settings', settings: { ...recorded.settings, palette } })
      gradients.add(await bar.evaluate((element) => getComputedStyle(element).backgroundImage))
    }
    assert.equal(gradients.size, 3)
  })

  it('what is not computed is named and hatched, never 0', async () => {
    await open('inspector')
    await send(page, settings, { type: 'model', model, stats: [] })
    assert.match(await page.locator('.about [data-role=embedding]').innerText(), /^Embeddings not counted$/)
    await page.getByRole('grid', { name: 'Map of blocks and modules' }).focus()
    await page.keyboard.press('ArrowDown')
    assert.match(await page.locator('.srOnly[role=status]').innerText(), /not computed/)
  })

  it('a hostile tensor name is text', async () => {
    await open('inspector')
    const name = '<img src=x onerror="window.hacked = 1"><script>window.hacked = 2</script>'
    const tensors = [{ ...model.tensors[0], name }]
    await send(page, settings, { type: 'model', model: { ...model, label: name, tensors }, stats: [] })
    await page.getByRole('row', { name }).click()
    assert.equal(await page.evaluate('window.hacked'), undefined)
  })

  it('exports are what is shown: filtered, in its order, and an SVG that is well formed', async () => {
    await open('inspector')
    await send(page, ...messages.inspector)
    await page.getByLabel('Filter tensors by name').fill('layers.0.fc1')
    await send(page, { type: 'exportNow', format: 'csv' }, { type: 'exportNow', format: 'svg' })
    const files = (await posted(page)).filter((m) => m.type === 'export') as { type: string; content: string }[]
    assert.equal(files[0].content.trim().split('\n').length, 3)
    const problem = `new DOMParser().parseFromString(${JSON.stringify(files[1].content)}, 'image/svg+xml').querySelector('parsererror')`
    assert.equal(await page.evaluate(problem), null)
  })

  it('after a reload the selection, the filter and the order are back', async () => {
    await open('inspector')
    await send(page, ...messages.inspector)
    await page.getByLabel('Filter tensors by name').fill('fc2.weight')
    await page.getByTitle('model.decoder.layers.5.fc2.weight').click()
    await send(page, ...messages.inspector)
    assert.equal(await page.getByLabel('Filter tensors by name').inputValue(), 'fc2.weight')
    await page.locator('.detail .name', { hasText: 'layers.5.fc2.weight' }).waitFor()
  })

  it('a run marks NaN, takes an overlay, and has the buttons of its state', async () => {
    await open('run')
    await send(page, listing('running'), settings, {
      type: 'events',
      folder: 'a',
      from: 0,
      events: recordedRetraining().slice(0, -10),
    })
    assert.equal(await page.locator('.chart .gap').count(), 1)
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Cancel' }).click()
    assert.equal(await page.getByRole('button', { name: 'Resume' }).isVisible(), false)
    await page.getByLabel('second').check()
    const sent = (await posted(page)).map((m) => m.type)
    for (const type of ['pause', 'cancelRun', 'overlay']) assert.ok(sent.includes(type), type)
    await send(page, { type: 'events', folder: 'b', from: 0, events: recordedRetraining() })
    await page.locator('.chartKey .key', { hasText: 'second' }).first().waitFor()
    await page.getByText('1 × NaN').first().waitFor()
  })

  it('events sent twice count once', async () => {
    await open('run')
    const list = recordedRetraining()
    const events = (from: number, to: number) => ({ type: 'events', folder: 'a', from, events: list.slice(from, to) })
    await send(page, listing('running'), settings, events(0, 14), events(6, 22))
    const steps = list.slice(0, 22).filter(({ type }) => type === 'step').length
    await page.getByRole('listitem').getByText(`step ${steps} of 40`).waitFor()
  })

  it('a comparison that is joined late lists every change once', async () => {
    await open('compare')
    const [models, progress] = messages.compare.slice(1)
    await send(page, settings, models, progress)
    const table = page.getByRole('grid', { name: 'Changed tensors' })
    await table.locator('.tableRow').first().waitFor()
    assert.equal(await table.getAttribute('aria-rowcount'), String(changes.length + 1))
  })

  it('comparing: the verdict, the flips, and both matrices of a row', async () => {
    await open('compare')
    await send(page, ...messages.compare)
    await page.getByText(result.verdict).first().waitFor()
    // The first of the table is there at once.
    const pair = page.getByRole('region', { name: 'Both matrices' })
    await pair.getByRole('heading', { name: result.changed[0].name }).waitFor()
    await page.getByRole('grid', { name: 'Changed tensors' }).getByTitle('layers.3.self_attn.v_proj').click()
    await pair.getByRole('heading', { name: 'layers.3.self_attn.v_proj' }).waitFor()
    assert.equal(await page.locator('.pair canvas:visible').count(), 2)
    await keepPicture(page, 'compare')
  })

  it('comparing: while it works the page says how far it is, and never that nothing changed', async () => {
    await open('compare')
    const [shown, models] = messages.compare
    await send(page, shown, models)
    await page.getByText('Reading both checkpoints…').waitFor()
    const start = { tensors, changes: [], done: 0, total: tensors.length }
    await send(page, { type: 'progress', progress: start })
    await page.getByText(`0 of ${tensors.length} tensors compared`).waitFor()
    await page.getByText('No tensor has been compared yet.').waitFor()
    await keepPicture(page, 'compare-started')
    await send(page, { type: 'progress', progress: { changes: [], done: 40, total: tensors.length } })
    await page.getByText(`40 of ${tensors.length} tensors compared`).waitFor()
    assert.equal(await page.getByText('No tensor changed.').count(), 0)
  })

  it('comparing after PERP: norms are columns of the map, which opens on their drift', async () => {
    await open('compare')
    const norms = model.tensors.filter(({ role }) => role === 'norm')
    const moved = norms.map((norm, i) => {
      return { ...changes[0], ...norm, filled: 0, emptied: 0, drift: 0.003 * (1 + (i % 9)), maxAbs: 0.002 }
    })
    const verdict = 'The mask is preserved.'
    const perp = { ...result, changed: moved, same: tensors.length - moved.length, maskPreserved: true, verdict }
    await send(page, ...messages.compare.slice(0, 2))
    await send(page, { type: 'progress', progress: { tensors, changes: [], done: 0, total: tensors.length } })
    await send(page, { type: 'result', result: perp })
    const meaning = page.getByRole('combobox', { name: 'Colour by' })
    assert.equal(await meaning.inputValue(), 'drift')
    const map = page.getByRole('grid', { name: 'Changes by block and module' })
    const columns = new Set(model.tensors.flatMap((one) => inBlock(one).map((name) => `${name} ${one.role}`)))
    assert.equal(await map.getAttribute('aria-colcount'), String(columns.size))
    await keepPicture(page, 'compare-perp')
    await meaning.selectOption('mask flips')
    assert.equal(await meaning.inputValue(), 'filled')
  })

  it('comparing: both matrices have one scale, the larger of the two, and the same summary when zoomed out', async () => {
    await open('compare')
    const tile = recorded.recordedTile(64, 64, false)
    const larger = { ...tile, size: { ...tile.size, most: 8 * tile.size.most } }
    const dense = { ...larger, density: Buffer.alloc(64 * 64, 255).toString('base64') }
    await page.evaluate(
      `window.answers.tile = (_, model) => model === 'first' ? ${JSON.stringify(tile)} : ${JSON.stringify(dense)}`,
    )
    await send(page, ...messages.compare)
    const legends = page.locator('.pair .legend')
    await legends
      .getByText(`${formatValue(larger.size.most)} and more`)
      .nth(1)
      .waitFor()
    const [first, second] = await legends.allInnerTexts()
    assert.equal(first, second)
    await page.getByRole('button', { name: '|w|' }).first().click()
    await legends.getByText('exact zeros: 0 %').nth(1).waitFor()
    await page.getByRole('button', { name: 'Zoom in' }).first().click()
    const seen = () => page.locator('.pair .caption').allInnerTexts()
    await page
      .locator('.pair .caption', { hasText: /^rows (?!0 to)/ })
      .nth(1)
      .waitFor()
    assert.equal((await seen())[0], (await seen())[1])
  })

  it('comparing a tensor of three dimensions: a picker chooses the matrix that both sides show', async () => {
    await open('compare')
    const stack = { ...changes[0], name: 'experts.gate_up_proj', shape: [3, 64, 64] }
    await send(page, ...messages.compare.slice(0, 2))
    await send(page, { type: 'result', result: { ...result, changed: [stack] } })
    await page.getByRole('grid', { name: 'Changed tensors' }).getByRole('row', { name: stack.name }).click()
    const picker = page.getByRole('spinbutton', { name: 'Index of dimension 0' })
    await picker.fill('7')
    await picker.press('Enter')
    assert.equal(await picker.inputValue(), '2')
    const tiles = (await posted(page)).filter((m) => m.type === 'ask' && m.call === 'tile')
    assert.deepEqual(
      tiles.map(({ model: side, params }) => `${String(side)} ${(params as { slice: number[] }).slice.join()}`),
      ['first 0', 'second 0', 'first 2', 'second 2'],
    )
    assert.ok(!JSON.stringify(tiles).includes('"path"'), 'the host knows the paths')
  })
})

/** Lowest contrast between texts and the page behind them, by WCAG's formula. */
async function contrast(page: Page): Promise<number> {
  const script = `(() => {
    const parse = (c) => (c.match(/[\\d.]+/g) ?? []).map(Number)
    const light = ([r, g, b]) => {
      const f = (v) => (v / 255 <= 0.03928 ? v / 255 / 12.92 : ((v / 255 + 0.055) / 1.055) ** 2.4)
      return 0.2126 * f(r) + 0.7152 * f(g) + 0.0722 * f(b)
    }
    const behind = (e) => {
      for (let at = e; at; at = at.parentElement) {
        const c = parse(getComputedStyle(at).backgroundColor)
        if (c.length === 3 || c[3] === 1) return c
      }
      return [255, 255, 255]
    }
    const texts = [...document.querySelectorAll('h1, h2, p, b, span, button, dt, dd, li, figcaption, .tableRow > div')]
    const ratios = texts
      .filter((e) => e.checkVisibility() && e.textContent.trim() && !e.closest('.srOnly, :disabled'))
      .map((e) => {
        const [a, b] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x)
        return (a + 0.05) / (b + 0.05)
      })
    return Math.min(...ratios)
  })()`
  return Number(await page.evaluate(script))
}
