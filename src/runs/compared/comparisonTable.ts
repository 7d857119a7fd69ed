// The table of several runs: what tells them apart, how far they are, what came out. Views, report and command line share it.
import type { FoldedRun, Spread } from './foldSeeds.ts'
import { columnFormatOf, headOf, measureNamed, type Measure } from './measures.ts'

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
