import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RunEvent } from '../../../src/shared/protocol/events.ts'
import { htmlReport } from '../../../src/engine/run/htmlReport.ts'
import { newProgress } from '../../../src/engine/run/progress.ts'
import { createReport } from '../../../src/engine/run/report.ts'
import { summaryText } from '../../../src/engine/run/summaryTable.ts'
import { svgPlot } from '../../../src/engine/run/svgPlot.ts'
import { resolveRecipe } from '../../../src/shared/recipe/resolve.ts'

function report() {
  const progress = newProgress({
    recipe: 'hash',
    base: '/',
    sources: [],
    device: { device: 'cpu', description: 'a <device>', details: {} },
    warnings: [],
    trainable: { count: 1000, percent: 0.125 },
  })
  const evaluation = { data: 'd.txt', tokens: 10, windows: 1, seq_len: 10, seconds: 1 }
  progress.evaluations = [
    { ...evaluation, stage: 'dense', perplexity: 20 },
    { ...evaluation, stage: 'recovered', step: 1, perplexity: 99 },
    { ...evaluation, stage: 'recovered', perplexity: 25.5 },
    { ...evaluation, stage: 'dense', data: 'other.txt', perplexity: 7 },
  ]
  progress.peakMemoryMb = 512
  const recipe = resolveRecipe({ version: 1, model: 'm', prune: [{}], recover: {} })
  return createReport({ run: '/r', recipe, version: '1', status: 'done', message: null, sparsity: 0.5 }, progress)
}

describe('report', () => {
  it('takes the perplexities of the first data set, of whole stages only', () => {
    assert.deepEqual(report().perplexity, { dense: 20, recovered: 25.5 })
  })

  it('the table has a row for each stage, a dash where nothing was measured', () => {
    const lines = summaryText(report()).split('\n')
    assert.deepEqual(
      lines.map((line) => line.split(/\s/)[0]),
      ['', 'dense', 'pruned', 'recovered'],
    )
    assert.match(lines[2], /^pruned\s+–\s+50\.00 %/)
    assert.match(lines[3], /25\.5\s+50\.00 %\s+0\.125 %.*512 MB$/)
  })

  it('the page stands alone, escapes what it shows, and draws the curves', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'page-'))
    try {
      const events: RunEvent[] = [
        { t: 0, type: 'start', name: 'n<1>', model: 'm', device: 'cpu', description: '', version: '1', blocks: 1 },
        { t: 1, type: 'step', step: 1, loss: 2, lr: 0.1, tokens_per_second: 1 },
        { t: 2, type: 'step', step: 2, loss: null, lr: 0.1, tokens_per_second: 1 },
        { t: 3, type: 'step', step: 3, loss: 1, lr: 0.1, tokens_per_second: 1 },
      ]
      const path = join(folder, 'events.jsonl')
      writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
      const page = await htmlReport(report(), path)
      assert.match(page, /a &lt;device&gt;/)
      assert.match(page, /n&lt;1&gt;: done/)
      assert.ok(!/<script|https?:|src=/.test(page))
      assert.match(page, /Loss while training/)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

describe('plot', () => {
  const options = { title: 't', xLabel: 'x', yLabel: 'y' }
  const path = (svg: string) => /<path d="([^"]*)"/.exec(svg)?.[1] ?? ''

  it('leaves a gap where a value is missing, and where a logarithm has none', () => {
    const points = [1, null, 2, 3].map((y, x) => ({ x, y }))
    assert.equal(path(svgPlot([{ name: 'a', colour: 'red', points }], options)).match(/M/g)?.length, 2)
    const withZero = [1, 0, 2, 3].map((y, x) => ({ x, y }))
    assert.equal(
      path(svgPlot([{ name: 'a', colour: 'red', points: withZero }], { ...options, log: true })).match(/M/g)?.length,
      2,
    )
  })

  it('draws one point and equal values without dividing by zero, and nothing for no points', () => {
    const one = svgPlot([{ name: 'a', colour: 'red', points: [{ x: 1, y: 1 }], dots: true }], options)
    assert.ok(!/NaN|Infinity/.test(one))
    assert.equal(svgPlot([{ name: 'a', colour: 'red', points: [{ x: 0, y: null }] }], options), '')
  })
})
