// The runs of the demo, and their results as rows of a table and as one page.
import { join } from 'node:path'
import type { RunReport } from '../engine/run/report/report.ts'
import { formatBytes, megabyte, formatPerplexity, formatShare, formatTrained } from '../formatting/numbers.ts'
import { styles, table } from '../engine/run/report/htmlReport.ts'
import { escapeText, shape, type Shape, shapeText } from '../charts/shape.ts'

interface DemoModel {
  /** Path in the sample. */
  readonly folder: string
  readonly style: string
  readonly jobs: readonly DemoJob[]
}

interface DemoJob {
  readonly method: string
  readonly recovery: string
  readonly recipe: string
}

export interface DemoRun {
  readonly style: string
  readonly job: DemoJob
  readonly report: RunReport
}

export const allModels: readonly DemoModel[] = [
  {
    folder: 'opt',
    style: 'OPT style',
    jobs: [
      { method: 'magnitude 70 %', recovery: 'bias + norm retrained', recipe: 'opt-bias-norm' },
      { method: 'magnitude 70 %', recovery: 'MaskLoRA retrained', recipe: 'opt-mask-lora' },
      { method: 'Wanda 70 %', recovery: 'reconstructed block by block', recipe: 'opt-wanda-reconstruct' },
    ],
  },
  {
    folder: 'llama',
    style: 'LLaMA style',
    jobs: [{ method: 'magnitude 70 %', recovery: 'its norms retrained', recipe: 'llama-norm' }],
  },
]

/** One model and one recovery: at most two minutes on two slow cores, where all of them take five and a half. */
export const firstModel: readonly DemoModel[] = allModels
  .slice(0, 1)
  .map((model) => ({ ...model, jobs: model.jobs.slice(0, 1) }))

export const titleOf = ({ method, recovery }: DemoJob) => `${method}, then ${recovery}`

export const recipeIn = (folder: string, { recipe }: DemoJob) => join(folder, `${recipe}.prune.yaml`)

/** A model at one stage. */
interface DemoRow {
  readonly title: string
  readonly perplexity: number
  /** null: dense. */
  readonly sparsity: number | null
  /** Cost of a recovery; null without one. */
  readonly cost: { readonly trainablePercent: number; readonly seconds: number; readonly peakMb: number } | null
}

/** Dense once a model, pruned once a method, and each recovery. */
export function rowsOf(runs: readonly DemoRun[]): DemoRow[] {
  return runs.flatMap(({ style, job, report }, i) => {
    const { perplexity, sparsity, trainable, seconds, peak_memory_mb: peakMb } = report
    const before = runs[i - 1]
    const sameModel = before?.style === style
    const sameMethod = sameModel && before.job.method === job.method
    const row = (title: string, stage: 'dense' | 'pruned' | 'recovered', cost: DemoRow['cost'] = null): DemoRow => ({
      title,
      perplexity: perplexity[stage] ?? Number.NaN,
      sparsity: stage === 'dense' ? null : sparsity,
      cost,
    })
    return [
      ...(sameModel ? [] : [row(`${style}, dense`, 'dense')]),
      ...(sameMethod ? [] : [row(job.method, 'pruned')]),
      row(titleOf(job), 'recovered', { trainablePercent: trainable?.percent ?? 0, seconds: seconds.total, peakMb }),
    ]
  })
}

export const heads = ['model', 'perplexity', 'sparsity', 'trainable', 'seconds', 'peak memory']

export function cellsOf({ title, perplexity, sparsity, cost }: DemoRow): string[] {
  const costs = cost && [
    formatTrained(cost.trainablePercent, 3),
    cost.seconds.toFixed(0),
    formatBytes(cost.peakMb * megabyte),
  ]
  return [
    title,
    formatPerplexity(perplexity, 2),
    sparsity === null ? '' : formatShare(sparsity, 1),
    ...(costs ?? ['', '', '']),
  ]
}

interface ReportLink {
  readonly title: string
  /** Path relative to the page. */
  readonly path: string
}

/** A bar for each perplexity, the table, links to each run's own report. */
export function demoPage(rows: readonly DemoRow[], reports: readonly ReportLink[]): string {
  const several = rows.filter(({ sparsity }) => sparsity === null).length > 1
  const [models, lose, their] = several
    ? ['Two language models', 'lose', 'their']
    : ['A language model', 'loses', 'its']
  const links = reports.map(({ title, path }) => `<li><a href="${encodeURI(path)}">${escapeText(title)}</a></li>`)
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>SparseScope demo</title>
<style>${styles}
th, td { padding: .25rem .5rem }</style>
<h1>Pruning the sample and winning it back</h1>
<p>${models} of about 2 million parameters, trained on the King James Bible, ${lose} 70 % of the weights in ${their} blocks.
Perplexity on books outside the training text (lower is better; logarithmic bars):</p>
${shapeText(bars(rows))}
${table(heads, rows.map(cellsOf))}
<h2>Each run in full</h2>
<ul>${links.join('')}</ul>
</html>
`
}

const colours = { pruned: '#d55e00', whole: '#0072b2' }
const [width, labels, barHeight, lineHeight] = [900, 330, 20, 30]

/** Logarithmic, from a little below the best. */
function bars(rows: readonly DemoRow[]): Shape {
  const logs = rows.map(({ perplexity }) => Math.log(perplexity))
  const least = Math.min(...logs) - 0.25
  const scale = (width - labels - 80) / (Math.max(...logs) - least)
  const lines = rows.map(({ title, perplexity, sparsity, cost }, i) => {
    const long = Math.round((logs[i] - least) * scale)
    const fill = sparsity !== null && cost === null ? colours.pruned : colours.whole
    const text = { y: 17, 'font-size': 13, fill: 'currentColor' }
    return shape(
      'g',
      { transform: `translate(0 ${i * lineHeight})` },
      shape('text', { ...text, x: labels - 10, 'text-anchor': 'end' }, title),
      shape('rect', { x: labels, y: 3, width: long, height: barHeight, fill }),
      shape('text', { ...text, x: labels + long + 8 }, perplexity.toFixed(2)),
    )
  })
  const box = `0 0 ${width} ${rows.length * lineHeight}`
  return shape('svg', { viewBox: box, role: 'img', 'aria-label': 'Perplexity of each model' }, ...lines)
}
