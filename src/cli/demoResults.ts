// The runs of the demo, and their results as rows of a table.
import { join } from 'node:path'
import type { RunReport } from '../engine/run/report/report.ts'
import { formatBytes, megabyte, formatPerplexity, formatShare, formatTrained } from '../formatting/numbers.ts'

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
