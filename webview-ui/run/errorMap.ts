// Block × step heatmap of the errors of a reconstruction: of the run, or of the run against one that is laid over it.
import { formatValue } from '../../src/shared/format/numbers.ts'
import type { ChartedRun } from '../../src/shared/chart/runCharts.ts'
import type { DataTable } from '../../src/shared/chart/chartTable.ts'
import {
  errorSteps,
  errorStepsAgainst,
  recoveriesWithSteps,
  type ErrorSteps,
  type StepRange,
} from '../../src/shared/series/errorSteps.ts'
import { recoveryName } from '../../src/shared/series/recoveryName.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { createDataTable, tableToggle } from '../shared/dataTable.ts'
import { h, replaceChildren } from '../shared/dom.ts'
import { createGrid } from '../shared/grid.ts'
import type { GridData } from '../shared/gridData.ts'
import { createLegend, type LegendWords } from '../shared/legend.ts'
import { divergingColour } from '../shared/palette.ts'
import { saveButtons } from '../shared/saveButtons.ts'

/** A choice of the map: one recovery, of the run alone or against another. */
interface View {
  readonly id: string
  readonly label: string
  readonly recovery: number
  readonly other: ChartedRun | null
}

interface Shown extends ErrorSteps {
  readonly view: View
  /** Natural logs of the ratios at the ends of the colour scale. */
  readonly low: number
  readonly high: number
}

const title = 'Error by block and step'
/** Names of columns lean; so many of their widths apart they do not meet. */
const namedEvery = 4
const fewColumns = 12

export interface ErrorMapOptions {
  readonly asTable: boolean
  readonly onTable: (asTable: boolean) => void
  readonly save: (file: ExportFile) => void
}

export function createErrorMap({ asTable, onTable, save }: ErrorMapOptions) {
  let shown: Shown | null = null
  let colour: (share: number) => string = () => '#000000'
  let runs: readonly ChartedRun[] = []
  let chosen = ''
  const table = createDataTable(title)
  const choice = h('select', { 'aria-label': 'Errors of' })
  const grid = createGrid({ label: title, describe: (row, column) => (shown ? describe(shown, row, column) : ''), onSelect: () => {} }) // prettier-ignore
  const legend = createLegend({ title: '', low: '', high: '', notComputed: null })
  const figure = () => {
    if (!shown) return ''
    return grid.toSvg({ title: titleOf(shown), legend: wordsOf(shown), caption: runs[0]?.label ?? '', scale: scaleOf(shown, colour) }) // prettier-ignore
  }
  const toggle = tableToggle(title, asTable, (next) => {
    asTable = next
    onTable(next)
    draw()
  })
  const tools = h('span', { class: 'chartTools' }, choice, toggle, ...saveButtons('errors-by-step', figure, save))
  const head = h('div', { class: 'chartHead' }, h('h2', { class: 'chartTitle' }, title), tools)
  const element = h('section', { class: 'card', hidden: true }, head, grid.element, legend.element, table.element)
  choice.addEventListener('change', () => {
    chosen = choice.value
    draw()
  })

  const draw = () => {
    const views = viewsOf(runs)
    element.hidden = views.length === 0
    choice.hidden = views.length < 2
    const view = views.find(({ id }) => id === chosen) ?? views.at(0)
    if (!view) return
    const options = views.map(({ id, label }) => h('option', { value: id, selected: id === view.id }, label))
    if (changed(choice, views, view)) replaceChildren(choice, ...options)
    shown = show(runs[0], view)
    grid.element.hidden = legend.element.hidden = asTable
    table.element.hidden = !asTable
    grid.update(gridData(shown, colour))
    legend.update(scaleOf(shown, colour), wordsOf(shown))
    if (asTable) table.update(tableOf(shown))
  }
  return {
    element,
    /** The run, then those that are laid over it; `next` colours shares from 0 to 1. */
    update(all: readonly ChartedRun[], next: (share: number) => string): void {
      ;[runs, colour] = [all, next]
      draw()
    },
  }
}

/** An open list would close if its options were made anew. */
function changed(choice: HTMLSelectElement, views: readonly View[], view: View): boolean {
  const there = [...choice.options].map(({ value, text }) => value + text).join()
  return there !== views.map(({ id, label }) => id + label).join() || choice.value !== view.id
}

function viewsOf([run, ...others]: readonly ChartedRun[]): View[] {
  if (!run) return []
  const { recoveries } = run.picture
  return recoveriesWithSteps(run.picture).flatMap((recovery) => {
    const part = recoveries.length > 1 ? `, ${recoveryName(recovery, recoveries[recovery] ?? '')}` : ''
    const same = others.filter(({ picture }) => picture.blockLoss.has(recovery))
    return [
      { id: `${recovery}`, label: `this run${part}`, recovery, other: null },
      ...same.map((other) => ({ id: `${recovery} ${other.index}`, label: `against ${other.label}${part}`, recovery, other })), // prettier-ignore
    ]
  })
}

function show({ picture }: ChartedRun, view: View): Shown {
  const { recovery, other } = view
  const steps = other ? errorStepsAgainst(picture, other.picture, recovery) : errorSteps(picture, recovery)
  const logs = steps.cells.flatMap((cell) => (cell && cell.ratio > 0 ? [Math.log(cell.ratio)] : []))
  const [low, high] = [Math.min(0, ...logs), Math.max(0, ...logs)]
  // Against another run, the middle of the scale is where both lose the same.
  const most = Math.max(-low, high, 1e-3)
  return { ...steps, view, ...(other ? { low: -most, high: most } : { low: Math.min(low, -1e-3), high }) }
}

function share({ low, high }: Shown, ratio: number): number {
  return ratio > 0 ? (Math.log(ratio) - low) / (high - low) : 0
}

/** Blue: this run loses less. */
function scaleOf({ view }: Shown, colour: (share: number) => string): (share: number) => string {
  return view.other ? (at) => divergingColour(1 - 2 * at) : colour
}

function gridData(shown: Shown, colour: (share: number) => string): GridData {
  const { blocks, columns, cells } = shown
  const nameOf = (range: StepRange, i: number) => {
    if (columns.length > fewColumns && i % namedEvery > 0) return ''
    return i === 0 ? `step ${rangeText(range)}` : rangeText(range)
  }
  return {
    rows: blocks.map(String),
    columns: columns.map(nameOf),
    cells: cells.map((cell) =>
      cell ? { value: share(shown, cell.ratio), text: shortText(cell.ratio) } : { value: null, text: '' },
    ),
    colour: scaleOf(shown, colour),
  }
}

/** A ratio short enough for a narrow cell. */
const shortText = (ratio: number) => formatValue(Number(ratio.toPrecision(2)))

const rangeText = ({ from, to }: StepRange) => (from === to ? String(from) : `${from}–${to}`)

function titleOf({ view }: Shown): string {
  return view.other ? `${title}, ${view.label}` : title
}

function wordsOf({ view, low, high }: Shown): LegendWords {
  const what = view.other ? `Error over that of ${view.other.label}` : 'Error over the block’s error before'
  const factor = (log: number) => `${formatValue(Math.exp(log))} ×`
  return { title: `${what} (log)`, low: factor(low), high: factor(high), notComputed: 'no number' }
}

function describe({ view, blocks, columns, cells }: Shown, row: number, column: number): string {
  const range = columns[column]
  const cell = cells[row * columns.length + column]
  if (!range) return ''
  const where = `block ${blocks[row]}, ${range.from === range.to ? 'step' : 'steps'} ${rangeText(range)}`
  if (!cell) return `${where}: no number`
  const than = view.other ? `that of ${view.other.label}` : 'the error before'
  return `${where}: ${formatValue(cell.ratio)} × ${than}, mean squared error ${formatValue(cell.loss)}`
}

function tableOf({ blocks, columns, cells }: Shown): DataTable {
  const text = (row: number, column: number) => {
    const cell = cells[row * columns.length + column]
    return cell ? `${formatValue(cell.ratio)} ×` : '–'
  }
  return {
    heads: ['block', ...columns.map((range) => `step ${rangeText(range)}`)],
    rows: blocks.map((block, row) => ({ head: String(block), cells: columns.map((_, column) => text(row, column)) })),
  }
}
