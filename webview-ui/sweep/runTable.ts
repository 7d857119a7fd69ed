// The table of runs. Its columns are what differs between them and what came out: other runs, another table.
import type { ComparedRow } from '../../src/shared/protocol/sweepView.ts'
import { isNamedBySettings, spreadText, stateText } from '../../src/shared/sweep/comparisonTable.ts'
import type { Spread } from '../../src/shared/sweep/foldSeeds.ts'
import { measures, type Measure } from '../../src/shared/sweep/measures.ts'
import { valueText } from '../../src/shared/recipe/sweep/settings.ts'
import { replaceChildren } from '../shared/dom.ts'
import { keySymbol } from '../shared/key.ts'
import type { Column } from '../shared/tableColumn.ts'
import { lastPart, type Entry } from './entries.ts'

/** Columns by what gives way first where there is little room. */
const ranks: Partial<Record<string, number>> = {
  'accuracy, dense': 9,
  'perplexity, dense': 8,
  'accuracy, pruned': 7,
  memory: 6,
  trainable: 5,
  'perplexity, pruned': 4,
  time: 3,
  accuracy: 2,
  sparsity: 1,
}

/** The same identifiers mean the same columns. `rowOf` gives the run's row when the cell is drawn. */
export function columnsOf(entries: readonly Entry[], rowOf: (run: number) => ComparedRow): Column<Entry>[] {
  const paths = [...new Set(entries.flatMap(({ settings }) => Object.keys(settings)))]
  // The stages dense and pruned come first, then the final results.
  const ordered = [...measures].sort((a, b) => Number(b.id.includes(',')) - Number(a.id.includes(',')))
  const shown = ordered.filter(({ id, of }) => !/recovered$/.test(id) && entries.some((entry) => of(entry) !== null))
  return [
    {
      id: 'mark',
      title: '',
      text: () => '      ',
      sort: ({ key }) => Number.parseInt(key, 10),
      ascendingFirst: true,
      paint: ({ style }, cell) => {
        if (cell.dataset.style === JSON.stringify(style)) return
        cell.dataset.style = JSON.stringify(style)
        replaceChildren(cell, keySymbol(style))
      },
    },
    ...(entries.every(isNamedBySettings) ? [] : [nameColumn]),
    ...paths.map((path) => settingColumn(path, paths)),
    {
      id: 'state',
      title: 'state',
      grow: true,
      text: (entry) => stateOf(entry, rowOf),
      sort: (entry) => stateOf(entry, rowOf),
    },
    ...shown.map(measureColumn),
  ]
}

const nameColumn: Column<Entry> = {
  ...{ id: 'run', title: 'run', grow: true },
  text: ({ names }) => names.join(', '),
  sort: ({ names }) => names[0],
}

function settingColumn(path: string, all: readonly string[]): Column<Entry> {
  const isOnly = all.every((other) => other === path || lastPart(other) !== lastPart(path))
  return {
    id: `setting ${path}`,
    title: isOnly ? lastPart(path) : path,
    text: ({ settings }) => (path in settings ? valueText(settings[path]) : '–'),
    sort: ({ settings }) => {
      const value = settings[path]
      return typeof value === 'number' ? value : value === undefined ? null : valueText(value)
    },
  }
}

function measureColumn({ id, title, of, format }: Measure): Column<Entry> {
  const textOf = (spread: Spread | null) => (spread === null ? '–' : spreadText(spread, format))
  return {
    ...{ id, title, numeric: true, optional: ranks[id] },
    text: (entry) => textOf(of(entry)),
    sort: (entry) => of(entry)?.median ?? null,
  }
}

/** "running 42 %, reconstruct" */
function stateOf(entry: Entry, rowOf: (run: number) => ComparedRow): string {
  const text = stateText(entry)
  const progress = entry.members.length === 1 ? rowOf(entry.members[0]).progress : null
  if (!progress) return text
  return `${text}${progress.share === null ? '' : ` ${Math.floor(100 * progress.share)} %`}, ${progress.text}`
}
