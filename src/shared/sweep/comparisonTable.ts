// The table of several runs: what differs between them, how far they are, what came out. Views, report and paper share it.
import { formatAccuracy, formatDuration, formatInColumn, formatShare, formatTrained } from '../format/numbers.ts'
import { formatBytes, megabyte } from '../format/byteSize.ts'
import type { FoldedRun, Spread } from './foldSeeds.ts'
import { nameOf, valueText } from '../recipe/sweep/settings.ts'

export interface Comparison {
  readonly heads: readonly string[]
  /** Each row has as many cells as there are heads. */
  readonly rows: readonly (readonly string[])[]
}

interface Column {
  readonly head: string
  /** null: nothing to show in this row. */
  readonly cell: (run: FoldedRun) => string | null
}

const stages = ['dense', 'pruned', 'recovered'] as const

/** A column that would be empty is left out. */
export function comparisonTable(runs: readonly FoldedRun[]): Comparison {
  const paths = [...new Set(runs.flatMap(({ settings }) => Object.keys(settings)))]
  const columns: Column[] = [
    ...(runs.every(isNamedBySettings) ? [] : [{ head: 'run', cell: ({ names }: FoldedRun) => names.join(', ') }]),
    ...paths.map((path) => settingColumn(path)),
    { head: 'state', cell: stateText },
    ...stages.map((stage) =>
      column(`perplexity, ${stage}`, ({ results }) => results.perplexity[stage], formatInColumn),
    ),
    ...stages.map((stage) => column(`accuracy, ${stage}`, ({ results }) => results.accuracy[stage], accuracyText)),
    column('sparsity', ({ results }) => results.sparsity, formatShare),
    column('trainable', ({ trainablePercent }) => trainablePercent, formatTrained),
    column('time', ({ results }) => results.seconds, formatDuration),
    column('memory', ({ results }) => results.peak_memory_mb, (megabytes) => formatBytes(megabytes * megabyte)), // prettier-ignore
  ]
  const shown = columns.filter(({ cell }) => runs.some((run) => cell(run) !== null))
  return { heads: shown.map(({ head }) => head), rows: runs.map((run) => shown.map(({ cell }) => cell(run) ?? '–')) }
}

/** A Markdown table with numbers aligned right. */
export function comparisonMarkdown({ heads, rows }: Comparison): string {
  const cell = (text: string) => text.replace(/([\\|`*_<>[\]])/g, '\\$1').replace(/\s+/g, ' ')
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`
  const right = heads.map((_, i) => rows.length > 0 && rows.every((row) => /^[\d.<>–−]/.test(row[i])))
  return [line(heads), `| ${right.map((is) => (is ? '---:' : '---')).join(' | ')} |`, ...rows.map(line), ''].join('\n')
}

function settingColumn(path: string): Column {
  return { head: path, cell: ({ settings }) => (path in settings ? valueText(settings[path]) : null) }
}

/** Then a column with its name would say the same again. */
export function isNamedBySettings({ names, settings }: FoldedRun): boolean {
  const partsOf = (name: string) =>
    name
      .split(',')
      .filter((part) => !part.startsWith('seed='))
      .join(',')
  return names.every((name) => partsOf(name) === partsOf(nameOf(Object.entries(settings))))
}

function column(head: string, of: (run: FoldedRun) => Spread | null, format: (value: number) => string): Column {
  return {
    head,
    cell: (run) => {
      const spread = of(run)
      return spread && spreadText(spread, format)
    },
  }
}

/** "21.4", and of several runs "21.4 (21.1–22)". */
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

function accuracyText(share: number): string {
  return formatAccuracy(share, null)
}
