// The result of a run, from its report.json, which is not trusted: every part may be missing.
import type { RunSummary } from './runSummary.ts'
import {
  formatAccuracy,
  formatBytes,
  formatDuration,
  formatShare,
  formatTrained,
  formatPerplexity,
  formatValue,
  formatWonBack,
  megabyte,
} from '../../formatting/numbers.ts'
import { markdownTable } from '../../formatting/tables.ts'
import { type Stage, stages } from '../../catalog/stages.ts'
import { recoveryName } from './recoveries.ts'
import { accuraciesOf, type StageAccuracies } from './accuracies.ts'
import { fieldsOf } from '../../catalog/formats/json.ts'
import { gapWonBack, perplexitiesOf, perplexityIn, resultsOfTexts, type TextResults } from './texts.ts'
import { mainPerplexities } from './foldRun.ts'

/** The files and folders that a run wrote. */
export type Outputs = 'output' | 'prunedOutput' | 'ggufOutput'

export interface RunResult extends TextResults {
  /** On the recipe's first text; Infinity: it overflows. */
  perplexity: Partial<Record<Stage, number>>
  accuracy: StageAccuracies
  /** Share of zeros among the weights of the block linears. */
  sparsity: number | null
  /** The number of trained parameters; the largest of several recoveries. */
  trainable: number | null
  /** The same in percent of the model's parameters. */
  trainablePercent: number | null
  /** The recoveries if there are several, else empty. The percentage is null for a recovery without training. */
  recoveries: { mode: string; trainablePercent: number | null }[]
  /** Settings of allocations that the run chose by trial; only a report has them. */
  chosen?: { key: string; value: number }[]
  seconds: number | null
  peakMemoryMb: number | null
  /** The folder that was written. */
  output: string | null
  /** The folder of the model before recovery, where the recipe has it saved. */
  prunedOutput: string | null
  /** The result as a file for llama.cpp. */
  ggufOutput: string | null
}

export function resultOf(report: unknown): RunResult {
  const { recoveries, allocations, evaluations, ...given } = fieldsOf(report)
  const several = Array.isArray(recoveries) && recoveries.length > 1 ? recoveries : []
  const result: RunResult = {
    perplexity: {},
    ...resultsOfTexts(perplexitiesOf(evaluations)),
    accuracy: {},
    sparsity: numberOf(given.sparsity),
    trainable: numberOf(fieldsOf(given.trainable).count),
    trainablePercent: numberOf(fieldsOf(given.trainable).percent),
    recoveries: several.map((one: unknown) => {
      const { mode, trainable: share } = fieldsOf(one)
      return { mode: typeof mode === 'string' ? mode : '', trainablePercent: numberOf(fieldsOf(share).percent) }
    }),
    chosen: (Array.isArray(allocations) ? allocations : []).flatMap((one: unknown) => {
      const { key, value } = fieldsOf(one)
      return typeof key === 'string' && typeof value === 'number' ? [{ key, value }] : []
    }),
    seconds: numberOf(fieldsOf(given.seconds).total),
    peakMemoryMb: numberOf(given.peak_memory_mb),
    output: pathOf(given.output),
    prunedOutput: pathOf(given.pruned_output),
    ggufOutput: pathOf(given.gguf_output),
  }
  for (const stage of stages) {
    const value = perplexityIn(fieldsOf(given.perplexity)[stage])
    if (value !== undefined) result.perplexity[stage] = value
    const { acc, stderr, tasks } = fieldsOf(fieldsOf(given.accuracy)[stage])
    if (typeof acc === 'number' && typeof tasks === 'number')
      result.accuracy[stage] = { acc, stderr: numberOf(stderr), tasks }
  }
  return result
}

/** With two decimals, as papers have it, while that is readable. */
const shown = (perplexity: number) => (perplexity < 1e5 ? formatPerplexity(perplexity, 2) : formatValue(perplexity))

/** Names and values of the main results, in display order. */
export function resultFacts(result: RunResult): [name: string, value: string][] {
  const { perplexity, texts, wonBack, accuracy } = result
  const facts: [string, string][] = []
  const means = stages.flatMap((stage) => accuracy[stage] ?? [])
  const what = means.length > 0 && means[0].tasks > 1 ? `mean accuracy of ${means[0].tasks} tasks` : 'accuracy'
  const several = texts.length > 1
  for (const { name, perplexity: values } of several ? texts : [{ name: '', perplexity }])
    for (const stage of stages) {
      const value = values[stage]
      if (value !== undefined) facts.push([`perplexity${several ? ` on ${name}` : ''}, ${stage}`, shown(value)])
    }
  if (wonBack) facts.push([`perplexity gap closed, on ${wonBack.text}`, formatWonBack(wonBack.share)])
  for (const stage of stages) {
    const mean = accuracy[stage]
    if (mean) facts.push([`${what}, ${stage}`, formatAccuracy(mean.acc, mean.stderr)])
  }
  const { dense, pruned, recovered } = accuracy
  const accuracyBack = gapWonBack({ dense: dense?.acc, pruned: pruned?.acc, recovered: recovered?.acc }, 'high')
  if (accuracyBack !== null) facts.push(['accuracy gap closed', formatWonBack(accuracyBack, 'high')])
  return [...facts, ...costFacts(result)]
}

/** Names and values of sparsity, training, time and memory. */
export function costFacts(result: RunResult): [name: string, value: string][] {
  const { sparsity, trainablePercent, recoveries, chosen = [], seconds, peakMemoryMb } = result
  const facts: [string, string][] = []
  if (sparsity !== null) facts.push(['sparsity', formatShare(sparsity)])
  for (const { key, value } of chosen) facts.push([`${key}, by trial`, formatValue(value)])
  for (const [i, { mode, trainablePercent: percent }] of recoveries.entries())
    facts.push([`trained, ${recoveryName(i, mode)}`, percent === null ? 'solved' : formatTrained(percent)])
  if (trainablePercent !== null && recoveries.length === 0) facts.push(['trained', formatTrained(trainablePercent)])
  if (seconds !== null) facts.push(['time', formatDuration(seconds)])
  if (peakMemoryMb !== null) facts.push(['memory, peak', formatBytes(peakMemoryMb * megabyte)])
  return facts
}

/** A Markdown table of two columns, for an issue or notes. */
export function resultMarkdown(name: string, result: RunResult): string {
  const saved = [
    ['saved to', result.output],
    ['GGUF file', result.ggufOutput],
  ].filter((row): row is [string, string] => row[1] !== null)
  return `${markdownTable([name, ''], [...resultFacts(result), ...saved])}\n`
}

const pathOf = (value: unknown) => (typeof value === 'string' ? value : null)

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** The results so far, from the run's summary: the report is written at the end. */
export function resultOfSummary(summary: RunSummary): Omit<RunResult, Outputs> {
  const { evaluations, elapsed, peakMemoryMb } = summary
  const perplexity: RunResult['perplexity'] = {}
  for (const { stage, perplexity: value } of mainPerplexities(summary)) if (value !== null) perplexity[stage] = value
  const texts = resultsOfTexts(evaluations.filter((one) => one.accuracy === null))
  const { stages: accuracy } = accuraciesOf(evaluations)
  const nothing = { sparsity: null, trainable: null, trainablePercent: null, recoveries: [] }
  return { perplexity, ...texts, accuracy, ...nothing, seconds: elapsed / 1000, peakMemoryMb }
}
