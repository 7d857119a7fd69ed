// The columns of the table of runs: the name, the results, and the settings in which runs differ.
import type { ComponentChildren } from 'preact'
import { withSign } from '../../src/formatting/numbers.ts'
import type { ComparedWhat } from '../../src/protocol/sweepView.ts'
import { settingText, settingWord, valueText } from '../../src/recipe/sweep/settings.ts'
import { stateText } from '../../src/runs/compared/comparisonTable.ts'
import { columnFormatOf, headOf, type Measure, measureNamed } from '../../src/runs/compared/measures.ts'
import type { Spread } from '../../src/runs/series/smooth.ts'
import { Key } from '../shared/legend.tsx'
import type { Column } from '../shared/tableColumn.ts'
import { type Entry, isEarly, resultNamed } from './entries.ts'

/** Measures as columns. The highest number is hidden first where space is short; 0: always shown. */
const ranks: Readonly<Record<string, number>> = {
  ...{
    perplexity: 0,
    'second text': 0,
    delta: 0.2,
    'won back': 0.4,
    accuracy: 0,
    sparsity: 0.5,
    time: 0.7,
    zeros: 4,
    memory: 10,
    trainable: 9,
  },
  ...{ 'perplexity, pruned': 6, 'accuracy, pruned': 8, 'perplexity, dense': 11, 'accuracy, dense': 12 },
}
const pinned = ['perplexity', 'second text', 'delta', 'sparsity', 'time']
const widestName = 300
/** Widest head of a column: long names of texts are cut. */
const widestMeasure = 190
const roomForSymbol = ' '.repeat(10)

export function columnsOf(entries: readonly Entry[], kind: ComparedWhat['kind'], isGrouped: boolean): Column<Entry>[] {
  const models = new Set(entries.map(({ facts }) => facts.model))
  const isDone = entries.every(({ states }) => states.every((state) => state === 'done'))
  const hasSweeps = kind !== 'sweep' && entries.some(({ runs }) => runs.some(({ sweep }) => sweep !== null))
  return [
    {
      ...{ id: 'run', title: 'run', pinned: true, grow: true, most: widestName, ascendingFirst: true },
      text: (entry) => `${nameOf(entry, isGrouped)}${roomForSymbol}`,
      sort: (entry) => nameOf(entry, isGrouped),
      cell: (entry) => (
        <Key style={entry.style}>
          <span class="cut">{nameOf(entry, isGrouped)}</span>
        </Key>
      ),
    },
    ...Object.keys(ranks).flatMap((id) => measureColumn(id, entries)),
    ...(isDone ? [] : [stateColumn]),
    ...(models.size > 1 && !isGrouped ? [textColumn('model', 'model', 3, ({ facts }) => facts.model)] : []),
    ...(hasSweeps ? [textColumn('sweep', 'sweep', 11, ({ runs }) => runs[0].sweep ?? '')] : []),
    ...settingColumns(entries),
    ...(kind === 'sweep' ? [] : [begunColumn]),
  ]
}

function textColumn(id: string, title: string, optional: number, text: (entry: Entry) => string): Column<Entry> {
  return { ...{ id, title, optional, most: 200 }, text, sort: (entry) => text(entry) || null }
}

/** Empty where no run has the measure. */
function measureColumn(id: string, entries: readonly Entry[]): Column<Entry>[] {
  const measure = measureNamed(id)
  if (entries.every((entry) => measure.of(entry) === null)) return []
  const format = formatOf(measure, entries)
  const isResult = resultNamed(id) !== null
  const text = (entry: Entry) => {
    const spread = measure.of(entry)
    if (!spread) return '–'
    return `${isEarly(entry, id) ? 'pruned ' : ''}${isResult ? withRange(spread, format, measure.distance) : format(spread.median)}`
  }
  const best = bestOf(measure, isResult ? entries : [])
  const cell = (entry: Entry): ComponentChildren => {
    if (isEarly(entry, id)) return <span class="muted">{text(entry)}</span>
    return best.has(entry) ? <b>{text(entry)}</b> : text(entry)
  }
  // Bold text is wider than the measured text.
  const reserve = [...best].map((entry) => `${text(entry)}00`).sort((a, b) => b.length - a.length)[0]
  return [
    {
      ...{
        id,
        title: headOf(measure, entries),
        numeric: true,
        most: widestMeasure,
        pinned: pinned.includes(id),
        optional: ranks[id],
        cell,
        reserve,
      },
      text,
      sort: (entry) => measure.of(entry)?.median ?? null,
    },
  ]
}

/** Differences of perplexities have as many decimals as the perplexities. */
function formatOf(measure: Measure, entries: readonly Entry[]): (value: number) => string {
  if (measure.id !== 'delta') return columnFormatOf(measure, entries)
  const plain = columnFormatOf(measureNamed('perplexity'), entries)
  return (value) => withSign(plain(Math.abs(value)), value)
}

/** "21.4 ± 0.3": the median and the largest distance of a seed from it. */
function withRange({ median, low, high, count }: Spread, format: (value: number) => string, distance = format): string {
  if (count === 1 || low === high || !Number.isFinite(median)) return format(median)
  const far = distance(Math.max(high - median, median - low))
  // The unit is written once.
  return `${format(median)} ± ${far.replace(/ %$/, '')}`
}

/** The best entry of each model on each text, where there are several. */
function bestOf({ of, better }: Measure, entries: readonly Entry[]): Set<Entry> {
  const best = new Map<string, { readonly entry: Entry; readonly value: number }>()
  for (const entry of entries.length > 1 ? entries : []) {
    const value = (better === 'high' ? -1 : 1) * (of(entry)?.median ?? NaN)
    const { model, text } = entry.facts
    const group = JSON.stringify([model, text])
    if (!(value >= (best.get(group)?.value ?? Infinity)) && !Number.isNaN(value)) best.set(group, { entry, value })
  }
  return new Set([...best.values()].map(({ entry }) => entry))
}

/** Present until all runs are done. It is the last optional column to be hidden if space is short. */
const stateColumn: Column<Entry> = {
  ...{ id: 'state', title: 'state', optional: 0.1, most: 220 },
  text: stateOf,
  sort: stateOf,
  cell: (entry) => <State entry={entry} />,
}

const when = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' })
const startOf = ({ runs }: Entry) => Math.max(...runs.map(({ started }) => started))
const begunColumn: Column<Entry> = {
  ...{ id: 'begun', title: 'begun', numeric: true, optional: 3 },
  text: (entry) => (startOf(entry) > 0 ? when.format(startOf(entry)) : '–'),
  sort: (entry) => startOf(entry) || null,
}

/** Settings outside `inName` have a column each, or none has one if there are more than `mostSettings`. */
const mostSettings = 6
const inName = /^(seed|model|prune\.\d+\.(method|sparsity|pattern)|recover\.(\d+\.)?mode)$/

function settingColumns(entries: readonly Entry[]): Column<Entry>[] {
  const all = [...new Set(entries.flatMap(({ settings }) => Object.keys(settings)))].filter(
    (path) => !inName.test(path),
  )
  if (all.length > mostSettings) return []
  return all.map((path) => {
    const isOnly = all.every((other) => other === path || settingWord(other) !== settingWord(path))
    const valueOf = ({ settings }: Entry) => settings[path]
    return {
      ...{ id: `setting ${path}`, title: isOnly ? settingWord(path) : path, optional: 14, most: 200 },
      text: (entry) => (path in entry.settings ? settingText(path, valueOf(entry)) : '–'),
      sort: (entry) => {
        const value = valueOf(entry)
        return typeof value === 'number' ? value : value === undefined ? null : valueText(value)
      },
    }
  })
}

/** The name without its model, when rows are grouped by model. */
function nameOf({ label, facts: { model } }: Entry, isGrouped: boolean): string {
  const start = `${model} · `
  return isGrouped && label.startsWith(start) ? label.slice(start.length) : label
}

/** "running 42 %, reconstruct" */
function stateOf(entry: Entry): string {
  const progress = entry.runs.length === 1 ? entry.runs[0].progress : null
  if (!progress) return stateText(entry)
  return `${stateText(entry)}${progress.share === null ? '' : ` ${Math.floor(100 * progress.share)} %`}, ${progress.text}`
}

function State({ entry }: { entry: Entry }) {
  const isBad = entry.states.includes('failed')
  return (
    <span class={isBad ? 'problem' : entry.states.includes('running') ? 'running' : 'muted'}>{stateOf(entry)}</span>
  )
}
