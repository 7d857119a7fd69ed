import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RunEvent } from '../../../../src/runs/series/events.ts'
import { stages, type Stage } from '../../../../src/catalog/stages.ts'
import { htmlReport } from '../../../../src/engine/run/report/htmlReport.ts'
import { newProgress } from '../../../../src/engine/run/state/progress.ts'
import { createReport } from '../../../../src/engine/run/report/report.ts'
import { summaryText } from '../../../../src/engine/run/report/summaryTable.ts'
import type { PlannedRecovery } from '../../../../src/plan/runPlan.ts'
import { resolvedRecipe } from '../../../support/recipes.ts'
import { scratch } from '../../../support/scratch.ts'

const taskNames = ['arc_easy', 'piqa'] as const
const accuracies = { dense: [0.6, 0.7], pruned: [0.4, 0.5], recovered: [0.6, 0.69] }

function report({ tasks = false, several = false, twoTexts = false } = {}) {
  const progress = newProgress({
    recipe: 'hash',
    base: '/',
    sources: [],
    device: { device: 'cpu', description: 'a <device>', details: {} },
    warnings: [],
    trainable: { count: 1000, percent: 0.125 },
  })
  const evaluation = {
    entry: 0,
    task: 'perplexity',
    data: 'd.txt',
    tokens: 10,
    windows: 1,
    seq_len: 10,
    seconds: 1,
  } as const
  progress.evaluations = [
    { ...evaluation, stage: 'dense', entry: 1, seq_len: 20, perplexity: 6 },
    { ...evaluation, stage: 'dense', perplexity: 20 },
    { ...evaluation, stage: 'recovered', step: 1, perplexity: 99 },
    { ...evaluation, stage: 'recovered', perplexity: 25.5 },
    { ...evaluation, stage: 'pruned', entry: 1, seq_len: 20, perplexity: 7 },
  ]
  if (twoTexts)
    progress.evaluations = [
      ...[20, 60, 30].map((perplexity, i) => ({ ...evaluation, stage: stages[i], perplexity })),
      ...[10, 20, 18].map((perplexity, i) => ({
        ...evaluation,
        stage: stages[i],
        entry: 1,
        data: 'wiki.txt',
        perplexity,
      })),
    ]
  if (tasks)
    progress.evaluations = (['dense', 'pruned', 'recovered'] as const).flatMap((stage) =>
      accuracies[stage].map((acc, entry) => {
        return { stage, entry, task: taskNames[entry], data: 'd.jsonl', acc, stderr: 0.02, rows: 600, seconds: 1 }
      }),
    )
  progress.blocks = [
    {
      block: 0,
      // All of a small linear, none of a large one.
      modules: { small: { size: 100, zeros: 100, sparsity: 1 }, large: { size: 300, zeros: 0, sparsity: 0 } },
      seconds: 1,
    },
    { block: 1, modules: {}, seconds: 1 },
  ]
  if (several)
    progress.blocks = [
      {
        block: 0,
        modules: {},
        errors: [
          { recovery: 0, error_before: 4, error_after: 2 },
          { recovery: 1, error_before: 0.5, error_after: 0.25 },
        ],
        seconds: 1,
      },
    ]
  progress.peakMemoryMb = 512
  const recover = several ? [{ mode: 'refit' as const }, { train: ['norm' as const] }] : {}
  const recipe = resolvedRecipe({ prune: [{}], recover })
  const recoveries = recipe.recover.map((settings, index): PlannedRecovery => {
    const count = settings.train.length > 0 ? { count: 1000, percent: 0.125 } : null
    return { index, place: `recover.${index}`, settings, trainable: null, count, untiesHead: false }
  })
  const facts = {
    run: '/r',
    recipe,
    recoveries,
    version: '1',
    status: 'done',
    message: null,
    sparsity: 0.5,
  } as const
  return createReport(facts, progress)
}

async function pageOf(events: readonly RunEvent[], of = report()): Promise<string> {
  const folder = scratch().folder
  const path = join(folder, 'events.jsonl')
  writeFileSync(path, events.map((event) => `${JSON.stringify(event)}\n`).join(''))
  return await htmlReport(of, path)
}

describe('a report', () => {
  it('takes the perplexities of the first entry of the recipe, whichever was measured first, of whole stages only', () => {
    assert.deepEqual(report().perplexity, { dense: 20, recovered: 25.5 })
  })

  it('has a table with a row for each stage, and a dash where nothing was measured', () => {
    const lines = summaryText(report()).split('\n')
    assert.deepEqual(
      lines.map((line) => line.split(/\s/)[0]),
      ['', 'dense', 'pruned', 'recovered'],
    )
    assert.match(lines[2], /^pruned\s+–\s+50\.00 %/)
    assert.match(lines[3], /25\.5\s+50\.00 %\s+0\.125 %.*512 MB$/)
  })

  it('shows two texts in table and page, and names the text of the closed gap', async () => {
    const of = report({ twoTexts: true })
    const lines = summaryText(of).split('\n')
    assert.match(lines[0], /perplexity on d\.txt\s+on wiki\.txt\s+sparsity/)
    assert.match(lines[3], /^recovered\s+30\s+18\s/)
    const sentence = 'Recovery closed 20 % of the perplexity gap that pruning opened on wiki.txt.'
    assert.equal(lines[4], sentence)
    assert.deepEqual(of.won_back, { text: 'wiki.txt', share: 0.2 })
    assert.ok((await pageOf([], of)).includes(sentence))
  })

  it('has the mean accuracy with its standard error in the table, and says which stages are undecided', () => {
    const lines = summaryText(report({ tasks: true })).split('\n')
    assert.match(lines[0], /perplexity\s+mean accuracy/)
    assert.match(lines[1], /^dense\s+–\s+65\.0 % ± 1\.4/)
    assert.match(lines[2], /^pruned\s+–\s+45\.0 % ± 1\.4/)
    assert.deepEqual(lines.slice(4), [
      'The accuracies of dense and recovered differ by at most their standard error: these rows do not decide between them.',
    ])
  })

  it('draws the mean accuracy with standard errors on the page, with a row for each task', async () => {
    const events = (['dense', 'pruned', 'recovered'] as const).flatMap((stage) =>
      accuracies[stage].map((acc, entry): RunEvent => {
        return { t: 0, type: 'eval', stage, entry, task: taskNames[entry], data: 'd.jsonl', acc, stderr: 0.02 }
      }),
    )
    const page = await pageOf(events, report({ tasks: true }))
    const from = page.indexOf('aria-label="Accuracy along the recovery"')
    const plot = page.slice(from, page.indexOf('</svg>', from))
    assert.equal(plot.match(/class="errorBand"/g)?.length, 2)
    assert.equal(plot.match(/class="errorBar"/g)?.length, 1)
    assert.match(page, /<td>piqa<\/td><td>70\.0 % ± 2\.0<\/td><td>50\.0 % ± 2\.0<\/td><td>69\.0 % ± 2\.0<\/td>/)
    assert.match(page, /accuracies of dense and recovered differ by at most/)
    assert.ok(!(await pageOf([])).includes('Accuracy by task'))
  })

  it('has for several recoveries what each trains and did to each block', async () => {
    assert.match(summaryText(report({ several: true })).split('\n')[3], /– → 0\.125 %/)
    const page = await pageOf([], report({ several: true }))
    assert.match(page, /<td>1 refit<\/td><td class="words">–<\/td><td>10<\/td><td>–<\/td>/)
    assert.match(page, /<td>2 reconstruct<\/td><td class="words">norm<\/td><td>1000<\/td><td>0\.125 %<\/td>/)
    assert.match(page, /<td>0<\/td><td>1 refit<\/td><td>–<\/td><td>4<\/td><td>2<\/td>/)
    assert.match(page, /<td>0<\/td><td>2 reconstruct<\/td><td>–<\/td><td>0\.5<\/td><td>0\.25<\/td>/)
    assert.ok(!(await pageOf([])).includes('<h2>Recoveries'))
  })

  it('is a page that needs no other file, escapes what it shows, and draws the curves', async () => {
    const page = await pageOf([
      { t: 0, type: 'start', name: 'n<1>', model: 'm', device: 'cpu', description: '', version: '1', blocks: 1 },
      { t: 1, type: 'step', step: 1, loss: 2, lr: 0.1, tokens_per_second: 1 },
      { t: 2, type: 'step', step: 2, loss: null, lr: 0.1, tokens_per_second: 1 },
      { t: 3, type: 'step', step: 3, loss: 1, lr: 0.1, tokens_per_second: 1 },
    ])
    assert.match(page, /a &lt;device&gt;/)
    assert.match(page, /n&lt;1&gt;: done/)
    assert.ok(!/<script|https?:|src=/.test(page))
    assert.match(page, /Loss while retraining/)
  })

  it('counts linears that were not pruned in the sparsity of a block', async () => {
    const page = await pageOf([])
    assert.match(page, /<td>0<\/td><td>25\.00 %<\/td>/)
    assert.match(page, /<td>1<\/td><td>–<\/td>/)
  })

  it('draws a line for each entry, named apart by the length of its windows', async () => {
    const measured = (entry: number, stage: Stage, perplexity: number): RunEvent[] => [
      { t: 0, type: 'eval', stage, entry, data: 'a/d.txt', seq_len: [10, 20][entry], perplexity },
    ]
    const page = await pageOf([
      ...measured(0, 'dense', 20),
      ...measured(1, 'dense', 15),
      { t: 1, type: 'step', step: 1, loss: 2, lr: 0.1, tokens_per_second: 1 },
      ...measured(0, 'recovered', 25),
      ...measured(1, 'recovered', 17),
    ])
    const plot = page.slice(
      page.indexOf('aria-label="Perplexity along the recovery"'),
      page.indexOf('</svg>', page.indexOf('aria-label="Perplexity along the recovery"')),
    )
    assert.equal(plot.match(/class="line"/g)?.length, 2)
    assert.equal(plot.match(/class="level"/g)?.length, 2)
    assert.match(plot, /d\.txt \(10 tokens\)/)
    assert.match(plot, /d\.txt \(20 tokens\)/)
  })
})
