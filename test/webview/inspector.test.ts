import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { answer, posted, send, type ViewName } from '../support/browser.ts'
import { until } from '../support/until.ts'
import { keepPicture, tooWide, viewPages } from '../support/viewPages.ts'
import * as recorded from './harness/recorded.ts'

const model = recorded.recordedModel(12)
const stats = recorded.recordedStats(model)
const settings = { type: 'settings', settings: recorded.settings }
const shown = { type: 'model', model, stats }
const q = model.tensors[2]

describe('inspector and comparison in Chromium', () => {
  const pages = viewPages()
  let page: Page

  async function open(view: ViewName, width = 1280): Promise<void> {
    page = await pages.open(view, { width })
    await answer(page, 'tile', recorded.recordedTile(64, 64, false))
    await answer(page, 'detail', recorded.recordedDetail(q, stats[2]))
  }
  const select = (name: string) => send(page, { type: 'select', name })
  const measurable = (measured: number) => ({ type: 'measurable', soFar: { measured, blocks: 12, seconds: 240 } })
  const headers = () => page.getByRole('columnheader').filter({ visible: true })

  it('a checkpoint that a run has made says how it was made, and offers a model card', async () => {
    const origin = {
      facts: [
        ['made from', '<b>opt</b>'],
        ['pruned', 'Wanda, 50.00 %'],
      ],
      results: { heads: ['', 'dense', 'recovered'], rows: [['Perplexity on a.txt', '27.65', '31.2']] },
      protocol: ['Seed 0.'],
      recipe: 'version: 1\n',
      hasCard: false,
    }
    await open('inspector', 600)
    const shown = (more: object) => ({ type: 'model', model: { ...model, origin: { ...origin, ...more } }, stats })
    await send(page, { type: 'settings', settings: recorded.settings }, shown({}))
    const box = page.locator('.about')
    await box.getByText('Made from <b>opt</b> · Wanda, 50.00 % · embeddings, norms and biases are dense').click()
    await box.getByText('<b>opt</b>', { exact: true }).waitFor()
    assert.match(await box.getByRole('table').innerText(), /Perplexity on a\.txt\s+27\.65\s+31\.2/)
    await box.getByRole('button', { name: 'Write model card' }).click()
    assert.ok((await posted(page)).some(({ type }) => type === 'writeCard'))
    await send(page, shown({ hasCard: true }))
    assert.ok(await box.getByRole('button', { name: 'Write model card' }).isDisabled())
    await send(page, { type: 'model', model, stats })
    assert.equal(await box.getByRole('button', { name: 'Write model card' }).count(), 0)
    assert.match(await box.locator('summary').first().innerText(), /^Embeddings 0 % · Norms 0 % · Biases 0 %$/)
  })

  it('at 600 px no block, module or dtype is cut', async () => {
    await open('inspector', 600)
    const long = { ...q, dtype: 'F8_E4M3', module: 'block_sparse_moe.experts.*.down_proj' }
    const name = 'model.layers.11.block_sparse_moe.experts.7.down_proj.weight'
    const tensors = [...model.tensors, { ...long, name, block: 11 }]
    await send(page, settings, { type: 'model', model: { ...model, tensors }, stats })
    await page.getByRole('grid', { name: 'Tensors' }).focus()
    await page.keyboard.press('End')
    const row = page.locator('.tableRow[aria-selected=true]')
    const cells = await row
      .locator('div:visible')
      .evaluateAll((all) => all.map((cell) => ({ text: cell.textContent, cut: cell.scrollWidth > cell.clientWidth })))
    for (const text of ['11', 'block_sparse_moe.experts.7.down_proj', 'F8_E4M3'])
      assert.equal(cells.find((cell) => cell.text === text)?.cut, false, text)
    assert.deepEqual(
      cells.filter((cell) => cell.cut),
      [],
    )
  })

  it('types that cannot be read are listed, with the reason why they have no statistics', async () => {
    await open('inspector')
    const why = 'None: numbers of F4 are smaller than a byte.'
    const packed = { ...q, name: 'model.layers.0.packed.weight', dtype: 'F4', role: 'other', unreadable: why }
    await send(page, settings, { type: 'model', model: { ...model, tensors: [...model.tensors, packed] }, stats })
    await select(packed.name)
    const detail = page.locator('.detail')
    await detail.getByText(why).waitFor()
    assert.equal(await detail.locator('canvas').count(), 0, 'nothing is drawn of it')
    const row = page.locator('.tableRow[aria-selected=true]')
    assert.match(await row.innerText(), /F4[^]*n\/a/)
    assert.equal(await row.getAttribute('title'), `${packed.name}\n${why}`)
  })

  it('the head of a table is one Tab stop, with arrows inside', async () => {
    await open('inspector')
    await send(page, settings, shown)
    const stops = await headers().locator('button[tabindex="0"]').count()
    assert.equal(stops, 1)
    await headers().first().getByRole('button').focus()
    await page.keyboard.press('End')
    const focused = await page.evaluate('document.activeElement.textContent')
    assert.equal(focused, await headers().last().innerText())
  })

  it('what could not be opened is named with its tensors, and metadata is shown as text', async () => {
    await open('inspector')
    const problems = [{ message: '2.safetensors is missing; download this shard too', missing: ['lost.weight'] }]
    const metadata = { format: 'pt', note: '<img src=x onerror="window.hacked = 1">' }
    await send(page, settings, { type: 'model', model: { ...model, problems, metadata }, stats })
    await page.getByText('download this shard too').waitFor()
    await page.getByText('1 missing tensor').click()
    await page.getByText('lost.weight').waitFor()
    await page.locator('.about > summary').click()
    await page.getByText('Metadata of the files (2)').click()
    await page.getByText('onerror').waitFor()
    assert.equal(await page.evaluate('window.hacked'), undefined)
  })

  it('says what a checkpoint stored as bitmasks takes when it is dense', async () => {
    await open('inspector')
    const expanded = page.locator('[data-size=expanded]')
    await send(page, settings, shown)
    assert.equal(await expanded.isVisible(), false)
    const tensors = model.tensors.map((t) => (t.role === 'linear' ? { ...t, storedBytes: t.bytes / 2 } : t))
    await send(page, { type: 'model', model: { ...model, tensors }, stats })
    assert.match((await expanded.textContent()) ?? '', /stored as bitmasks, [\d.]+ [MG]B when expanded/)
  })

  it('a dense model is coloured by |w|, and by what pruning costs as that is measured in place', async () => {
    await open('inspector')
    const dense = stats.map((one) => ({ ...one, zeros: 0, sparsity: 0 }))
    await send(page, settings, { type: 'model', model, stats: dense, analysis: null })
    const colour = page.getByRole('combobox', { name: 'Colour by' })
    assert.equal(await colour.inputValue(), 'meanAbs')
    await page.getByRole('heading', { name: 'Mean |w| by block and module' }).waitFor()
    await page.locator('.say', { hasText: 'A dense model: no block weight is exactly zero.' }).waitFor()
    const question = page.getByRole('group', { name: 'Cost of pruning' })
    assert.equal(await question.count(), 0, 'nothing is asked before it is known what can be measured')
    await send(page, measurable(0))
    await question.getByRole('button', { name: 'Measure Wanda, about 4 min' }).click()
    assert.deepEqual(
      (await posted(page)).filter(({ type }) => type === 'analyse'),
      [{ type: 'analyse' }],
    )
    await send(page, { type: 'analysis', update: { modules: [], loss: null, done: 0, total: 0 } })
    await question.getByText('starting…').waitFor()
    const { modules, ...update } = recorded.recordedAnalysis(model)
    const half = modules.slice(0, modules.length / 2)
    await send(page, { type: 'analysis', update: { ...update, modules: half, done: 1, total: 2 } })
    assert.equal(await colour.inputValue(), 'sensitivity')
    const bar = question.getByRole('progressbar', { name: 'Measuring' })
    assert.equal(await bar.getAttribute('value'), '0.5')
    await question.getByText('50 %').waitFor()
    await question.getByRole('button', { name: 'Stop' }).click()
    assert.ok((await posted(page)).some((message) => message.type === 'analyseCancel'))
    await send(page, { type: 'analysis', update: { ...update, modules } }, { type: 'analysisEnd', problem: null })
    assert.equal(await bar.isVisible(), false)
    await send(page, measurable(12))
    await question.getByText('Measured with Wanda, by block and by matrix').waitFor()
    assert.equal(await page.getByText('Each matrix is measured by itself').count(), 0)
    await colour.selectOption('error sparsegpt 70 %')
    await page.getByText('Each matrix is measured by itself').waitFor()
    await keepPicture(page, 'inspector-error')
    const map = page.getByRole('grid', { name: 'Map of blocks and modules' })
    await map.press('ArrowDown')
    const error = modules.find((m) => m.block === 1)?.errors.find((e) => e.method === 'sparsegpt' && e.sparsity === 0.7)
    const said = `Output lost by SparseGPT at 70 %: ${(100 * (error?.error ?? NaN)).toFixed(2)} %`
    assert.ok((await map.getByRole('gridcell').innerText()).includes(said), said)
    await send(page, { type: 'exportNow', format: 'svg' })
    const exported = (await posted(page)).findLast((m) => m.type === 'export')
    assert.match(String(exported?.content), /Output lost by SparseGPT at 70 % by block and module.*log scale/s)
  })

  it('says what stopped an analysis, and begins none in an untrusted workspace', async () => {
    await open('inspector', 600)
    const dense = stats.map((one) => ({ ...one, zeros: 0, sparsity: 0 }))
    const ended = { type: 'analysisEnd', problem: 'a.txt is too short' }
    await send(page, settings, { ...shown, stats: dense }, measurable(0), ended)
    await page.getByRole('status').filter({ hasText: 'a.txt is too short' }).first().waitFor()
    await send(page, { type: 'settings', settings: { ...recorded.settings, trusted: false } })
    assert.ok(await page.getByRole('button', { name: 'Measure Wanda' }).isDisabled())
    assert.ok((await tooWide(page)) <= 0, 'nothing is wider than 600 px')
  })

  it('matrices are marked by dragging, Shift and names', async () => {
    await open('inspector')
    await send(page, settings, shown)
    const map = page.getByRole('grid', { name: 'Map of blocks and modules' })
    const bar = page.getByRole('group', { name: 'Marked matrices' })
    await map.focus()
    await page.keyboard.press('Home')
    await bar.getByText('1 matrix marked').waitFor()
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Shift+ArrowDown')
    await bar.getByText('4 matrices marked').waitFor()
    assert.match(await page.locator('.srOnly[role=status]').innerText(), /2 blocks by 2 modules marked/)
    const box = await map.locator('svg').boundingBox()
    assert.ok(box)
    // The name of block 0 stands left of its row; rows are 18 high and begin below the names.
    const rowsAt = await page.evaluate(
      `(() => { const c = document.querySelector('.grid svg'); return c.clientHeight - 12 * 18 - 4 })()`,
    )
    await page.mouse.click(box.x + 4, box.y + Number(rowsAt) + 9)
    await bar.getByText('6 matrices marked').waitFor()
    await page.mouse.move(box.x + 60, box.y + Number(rowsAt) + 9)
    await page.mouse.down()
    await page.mouse.move(box.x + 60, box.y + Number(rowsAt) + 45, { steps: 4 })
    await page.mouse.up()
    await bar.getByText('3 matrices marked').waitFor()
    await map.focus()
    await page.keyboard.press('ArrowRight')
    await bar.getByText('1 matrix marked').waitFor()
  })

  it('a dense matrix has no groups that break a pattern and no empty profile', async () => {
    await open('inspector')
    const nm = { '2:4': { groups: 100, violations: 100 }, '4:8': { groups: 50, violations: 50 } }
    const dense = { ...stats[2], zeros: 0, sparsity: 0, nm }
    const detail = recorded.recordedDetail(q, dense)
    const none = (list: number[]) => list.map(() => 0)
    await answer(page, 'detail', {
      ...detail,
      stats: dense,
      rowSparsity: none(detail.rowSparsity),
      columnSparsity: none(detail.columnSparsity),
      heads: detail.heads?.map((head) => ({ ...head, sparsity: 0 })),
      violations: null,
    })
    await send(page, settings, { type: 'model', model, stats: [dense] })
    await select(q.name)
    await page.locator('.detailBody h2', { hasText: 'Histogram' }).waitFor()
    assert.deepEqual(await page.locator('.detailBody h2').allInnerTexts(), ['Histogram'])
    assert.ok(!(await page.locator('.detail .facts').innerText()).includes('2:4'))
  })

  it('the groups that break a pattern are one Tab stop, with arrows inside', async () => {
    await open('inspector')
    await send(page, settings, shown)
    await select(q.name)
    const list = page.getByRole('toolbar', { name: /Groups that break/ })
    await list.getByRole('button').first().focus()
    assert.equal(await list.locator('[tabindex="0"]').count(), 1)
    await page.keyboard.press('ArrowRight')
    assert.equal(await page.evaluate('document.activeElement.textContent'), '3, 4')
    await page.keyboard.press('End')
    assert.equal(await page.evaluate('document.activeElement.textContent'), '12, 16')
  })

  it('hovering shows single weights also when zoomed out, and the colours have a scale', async () => {
    await open('inspector')
    await answer(page, 'weight', { value: '-0.125' })
    await send(page, settings, shown)
    await select(q.name)
    await page.locator('.detail .legend', { hasText: 'exact zeros: 0 %' }).waitFor()
    await page.locator('.detail canvas').hover({ position: { x: 100, y: 50 } })
    const inside = await page.locator('.detail canvas').evaluate((e) => [e.clientWidth, e.clientHeight])
    const [column, row] = [Math.floor((100 / inside[0]) * 768), Math.floor((50 / inside[1]) * 768)]
    const tip = page.locator('.detail .tip', { hasText: '-0.125' })
    assert.match(
      await tip.innerText(),
      new RegExp(`^row ${row}, column ${column}: -0\\.125, \\d+ % exact zeros around it$`),
    )
    const asked = (await posted(page)).filter((m) => m.type === 'ask' && m.call === 'weight')
    assert.deepEqual(asked.at(-1)?.params, { name: q.name, slice: [], row, column })
    await answer(page, 'tile', recorded.recordedTile(8, 8, true))
    await page.getByRole('button', { name: 'Zoom in' }).click()
    await page.locator('.detail .legend', { hasText: 'exactly 0' }).waitFor()
  })

  it('a question that nobody waits for any more is withdrawn', async () => {
    await open('inspector')
    // A host that is slow: the answers never come.
    await page.evaluate('window.setTimeout = () => 0')
    await page.evaluate((list) => list.forEach((m) => window.postMessage(m)), [settings, shown])
    await page.locator('h1').waitFor()
    for (const block of [3, 4])
      await page.evaluate((m) => window.postMessage(m), {
        type: 'select',
        name: `model.decoder.layers.${block}.fc1.weight`,
      })
    await page.locator('.detail .name', { hasText: 'layers.4' }).waitFor()
    const sent = await posted(page)
    const asked = sent.filter((m) => m.type === 'ask').map((m) => Number(m.id))
    const taken = sent.filter((m) => m.type === 'cancelAsk').map((m) => Number(m.id))
    // Two of the matrix that the page chooses at the start, and two of each that was selected.
    assert.equal(asked.length, 6)
    assert.deepEqual(
      taken.toSorted((a, b) => a - b),
      asked.slice(0, 4),
    )
  })

  it('after a reload the outline of the map and the detail are about the same tensor', async () => {
    await open('inspector')
    await send(page, settings, shown)
    await select('model.decoder.layers.5.fc2.weight')
    await send(page, shown)
    const cell = page.getByRole('grid', { name: 'Map of blocks and modules' }).getByRole('gridcell')
    assert.match((await cell.textContent()) ?? '', /^block 5, fc2:/)
    await page.locator('.detail .name', { hasText: 'layers.5.fc2.weight' }).waitFor()
    const other = { ...model, tensors: model.tensors.filter((t) => t.block !== 5) }
    await send(page, { type: 'model', model: other, stats })
    await page.locator('.detail .name', { hasText: 'layers.0.self_attn.q_proj.weight' }).waitFor()
    assert.match((await cell.textContent()) ?? '', /^block 0, self_attn\.q_proj:/)
  })

  it('the PNG is a figure: twice the size of the SVG, white, with title and legend, nothing selected', async () => {
    await open('inspector')
    await send(page, settings, shown)
    const files = async () =>
      (await posted(page)).filter((m) => m.type === 'export') as unknown as { content: string }[]
    await send(page, { type: 'exportNow', format: 'svg' }, { type: 'exportNow', format: 'png' })
    await until('both files', async () => (await files()).length === 2, 30_000)
    const [svg, png] = await files()
    for (const text of ['opt-125m: Exact zeros', 'Exact zeros', '80 %']) assert.ok(svg.content.includes(text), text)
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg.content) ?? []
    const bytes = Buffer.from(png.content, 'base64')
    assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [2 * Number(width), 2 * Number(height)])
    await select(q.name)
    await send(page, { type: 'exportNow', format: 'png' })
    await until('the third file', async () => (await files()).length === 3, 30_000)
    assert.equal((await files())[2].content, png.content)
  })

  it('a comparison hatches what it has not reached, and puts both matrices side by side where there is room', async () => {
    await open('compare')
    const { tensors, changes, result } = recorded.recordedChanges(model)
    const models = { type: 'models', a: { path: '/a', label: 'a' }, b: { path: '/b', label: 'b' } }
    const progress = { tensors, changes: changes.slice(0, 2), done: 20, total: tensors.length }
    await send(page, settings, models, { type: 'progress', progress })
    const grid = page.getByRole('grid', { name: 'Changes by block and module' })
    await grid.focus()
    await page.keyboard.press('PageDown')
    const says = async () => (await grid.getByRole('gridcell').textContent()) ?? ''
    assert.match(await says(), /^block 11, self_attn\.q_proj: not compared yet$/)
    await send(page, { type: 'result', result })
    await page.keyboard.press('End')
    assert.match(await says(), /^block 11, biases\.fc2: the same$/)
    await page.getByTitle('model.decoder.layers.3.self_attn.v_proj.weight').click()
    const tops = async () => {
      const boxes = await Promise.all([0, 1].map((i) => page.locator('.pair canvas').nth(i).boundingBox()))
      return boxes.map((box) => box?.y ?? 0)
    }
    const [left, right] = await tops()
    assert.equal(left, right)
    await page.setViewportSize({ width: 480, height: 900 })
    const [first, second] = await tops()
    assert.ok(first < second)
  })
})
