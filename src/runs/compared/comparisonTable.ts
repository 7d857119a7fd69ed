// Several runs as text: a table of their differences and results, its title, the same as CSV, their progress. Views, report
// and command line share it.
import type { FoldedRun } from './foldSeeds.ts'
import type { Spread } from '../series/smooth.ts'
import { columnFormatOf, headOf, type Measure, measureNamed } from './measures.ts'
import { andList } from '../../formatting/lists.ts'
import { plural } from '../../formatting/numbers.ts'
import { type CsvValue, toCsv } from '../../formatting/tables.ts'
import type { ComparedRun } from './comparedRun.ts'
import { valueText } from '../../recipe/sweep/settings.ts'
import { stages } from '../../catalog/stages.ts'
import type { SweepRunState } from './sweepTable.ts'

export interface Comparison {
  readonly heads: readonly string[]
  /** Each row has as many cells as there are heads. */
  readonly rows: readonly (readonly string[])[]
}

const columns = [
  ...['perplexity, dense', 'perplexity, pruned', 'perplexity, recovered'],
  ...['second text', 'won back'],
  ...['accuracy, dense', 'accuracy, pruned', 'accuracy, recovered'],
  ...['zeros', 'trainable', 'time', 'memory'],
].map(measureNamed)

/** A measure that no run has is left out. */
export function comparisonTable(runs: readonly FoldedRun[]): Comparison {
  const shown = columns.filter(({ of }) => runs.some((run) => of(run) !== null))
  const formats = shown.map((measure) => columnFormatOf(measure, runs))
  const cell = (run: FoldedRun, { of }: Measure, i: number) => {
    const spread = of(run)
    return spread ? spreadText(spread, formats[i]) : '–'
  }
  return {
    heads: ['run', 'state', ...shown.map((measure) => headOf(measure, runs))],
    rows: runs.map((run) => [run.label, stateText(run), ...shown.map((measure, i) => cell(run, measure, i))]),
  }
}

/** "21.4", and of several runs "21.4 (21.1–22.0)". */
export function spreadText({ median, low, high, count }: Spread, format: (value: number) => string): string {
  const [middle, from, to] = [median, low, high].map((value) => format(value))
  return count === 1 || from === to ? middle : `${middle} (${from}–${to})`
}

/** "done", and of several runs "3 of 4 done". */
export function stateText({ states }: FoldedRun): string {
  const done = states.filter((state) => state === 'done').length
  if (states.every((state) => state === states[0]))
    return states.length > 1 ? `${states.length} ${states[0]}` : states[0]
  return `${done} of ${states.length} done`
}

/** The text above several runs: their model, their date, and the best run. */
export interface ComparisonTitle {
  /** "opt-125m, 2026-12-31" */
  readonly title: string
  /** "6 runs. Best: wanda 50 % · recon, perplexity 31.20." */
  readonly about: string
}

const mostModels = 2

/** `date`: of the latest run; empty if unknown. */
export function comparisonTitle(runs: readonly FoldedRun[], date: string): ComparisonTitle {
  const models = [...new Set(runs.map(({ facts }) => facts.model).filter((model) => model !== ''))]
  const what = models.length > mostModels ? plural(models.length, 'model') : andList(models)
  const count = runs.reduce((sum, { members }) => sum + members.length, 0)
  const best = bestText(runs)
  return {
    title: [what, date].filter(Boolean).join(', ') || plural(count, 'run'),
    about: [`${plural(count, 'run')}.`, ...(best === null ? [] : [`Best: ${best}.`])].join(' '),
  }
}

/** The best run by perplexity, else by accuracy, at each run's last stage; null if fewer than two runs were measured. */
function bestText(runs: readonly FoldedRun[]): string | null {
  for (const { title, of, format, better } of ['perplexity', 'accuracy'].map(measureNamed)) {
    const measured = runs.flatMap((run) => {
      const spread = of(run)
      return spread ? [{ label: run.label, value: spread.median }] : []
    })
    if (measured.length < 2) continue
    const best = measured.reduce((a, b) => ((better === 'low' ? b.value < a.value : b.value > a.value) ? b : a))
    return `${best.label}, ${title} ${format(best.value)}`
  }
  return null
}

/** CSV with one line per run: seeds are not folded, and numbers are not rounded. */
export function comparisonCsv(runs: readonly ComparedRun[]): string {
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))]
  const measured = ['sparsity', 'trainable', 'seconds', 'peak_memory_mb'] as const
  const heads = [
    ...['run', ...paths, 'state'],
    ...stages.map((stage) => `perplexity_${stage}`),
    ...stages.map((stage) => `second_text_perplexity_${stage}`),
    'won_back',
    ...stages.map((stage) => `accuracy_${stage}`),
    ...measured,
    'trainable_percent',
  ]
  const rows = runs.map(({ name, settings, state, results, trainablePercent }): CsvValue[] => [
    name,
    ...paths.map((path) => csvValue(settings[path])),
    state,
    ...stages.map((stage) => results.perplexity[stage]),
    ...stages.map((stage) => results.second_text.perplexity[stage]),
    results.won_back.share,
    ...stages.map((stage) => results.accuracy[stage]),
    ...measured.map((what) => results[what]),
    trainablePercent,
  ])
  return toCsv(heads, rows)
}

function csvValue(value: unknown): CsvValue {
  return typeof value === 'number' ? value : value === undefined ? null : valueText(value)
}

const otherStates = ['failed', 'cancelled', 'running', 'waiting'] as const

/** "7 of 12 done, 1 failed, 2 running" */
export function countsText(states: readonly SweepRunState[]): string {
  const count = (state: SweepRunState) => states.filter((one) => one === state).length
  const rest = otherStates.filter((state) => count(state) > 0).map((state) => `${count(state)} ${state}`)
  return [`${count('done')} of ${states.length} done`, ...rest].join(', ')
}

interface EndedRun {
  readonly name: string
  readonly state: SweepRunState
  /** Why the run failed, if it did and the reason is known. */
  readonly message: string | null
}

/** "failed NAME: why", for each that failed. */
export function failureTexts(runs: readonly EndedRun[]): string[] {
  const failed = runs.filter(({ state }) => state === 'failed')
  return failed.map(({ name, message }) => `failed ${name}${message === null ? '' : `: ${message}`}`)
}
