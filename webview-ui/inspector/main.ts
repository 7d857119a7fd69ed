// The inspector's page: holds what is known of one checkpoint and keeps map, table, totals and detail in step.
import '../shared/base.css'
import './inspector.css'
import type { MeasuredModule } from '../../src/shared/analysis/analysis.ts'
import type {
  ModelSummary,
  OpenedModel,
  TensorRow,
  TensorStats,
  AnalysisUpdate,
} from '../../src/shared/protocol/inspect.ts'
import type { ExportFile, ExportFormat, FromInspector, ToInspector } from '../../src/shared/protocol/view.ts'
import { formatCompact } from '../../src/shared/format/numbers.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createFilterBox } from '../shared/filterBox.ts'
import { createGrid } from '../shared/grid.ts'
import type { GridRange } from '../shared/gridData.ts'
import { connectHost } from '../shared/host.ts'
import { createLegend, type LegendWords } from '../shared/legend.ts'
import { matrixSource } from '../shared/matrixSource.ts'
import { sequentialColour, type PaletteName } from '../shared/palette.ts'
import { rasterise } from '../shared/shapes.ts'
import { emptyState, showState } from '../shared/states.ts'
import { createTable } from '../shared/table.ts'
import type { SortOrder } from '../shared/tableOrder.ts'
import { onThemeChange } from '../shared/theme.ts'
import { describeCell, heatData } from './cells.ts'
import { layOutHeat, type HeatMap } from './heatMap.ts'
import { createColourBy } from './colourBy.ts'
import { createDetailPane } from './detail.ts'
import { csvFile, htmlFile, jsonFile, pngFile, svgFile } from './exportFiles.ts'
import { createHead } from './head.ts'
import { defaultMeasure, measuresOf, scaleOf, sparsityMeasure, type Known, type Measure } from './measures.ts'
import { createShapeBar } from './shapeBar.ts'
import { measureColumn, tensorColumns } from './tensorTable.ts'

const host = connectHost<ToInspector, FromInspector>()
const stats = new Map<string, TensorStats>()
const analysis = new Map<string, MeasuredModule>()
let denseLoss: number | null = null
/** null: whatever tells most. */
let chosenMeasure: string | null = null
/** The measure of the last drawing, kept since finding it takes a look at every tensor, and every row of the table asks. */
let drawnMeasure: Measure = sparsityMeasure
let model: ModelSummary | null = null
let selectedTensor: TensorRow | null = null
let map: HeatMap = { blocks: [], modules: [], cells: [] }
let palette: PaletteName = 'viridis'
let keep: (name: string) => boolean = () => true

const root = document.body.appendChild(h('main'))
const colour = (value: number) => sequentialColour(palette, value)
const menuContext = (tensor: TensorRow | undefined) =>
  tensor ? { webviewSection: 'tensor', tensor: tensor.name, preventDefaultContextMenuItems: true } : {}

const head = createHead({
  scan: () => host.post({ type: 'scanStart' }),
  cancel: () => host.post({ type: 'scanCancel' }),
  prune: () => host.post({ type: 'prune' }),
  tryOut: () => host.post({ type: 'tryOut' }),
  writeCard: () => host.post({ type: 'writeCard' }),
  save: (format) => void exportAs(format),
})
const known = (): Known => ({ stats, analysis, denseLoss })
const legend = createLegend(words())
const heading = h('h2')
let marked: TensorRow[] = []
const shapeBar = createShapeBar((shape) => host.post({ type: 'shape', shape, names: marked.map((t) => t.name) }))
const colourBy = createColourBy({
  choose(id) {
    chosenMeasure = id
    remember({ measure: id })
    drawStats()
  },
  analyse: () => host.post({ type: 'analyse' }),
  cancel: () => host.post({ type: 'analyseCancel' }),
})
const grid = createGrid({
  label: 'Map of blocks and modules',
  describe: (row, column) => describeCell(map, drawnMeasure, known(), row, column),
  onSelect: (row, column) => {
    const tensor = tensorAt(row, column)
    if (tensor) select(tensor, 'grid')
  },
  onRange: (range) => mark(range),
  menuContext: (row, column) => menuContext(tensorAt(row, column)),
})
const table = createTable<TensorRow>({
  label: 'Tensors',
  columns: [...tensorColumns((name) => stats.get(name)), measureColumn(() => drawnMeasure, known)],
  key: (tensor) => tensor.name,
  onSelect: (tensor) => select(tensor, 'table'),
  menuContext,
  empty: 'No tensor has such a name.',
  onSort: (order) => remember({ order }),
  onResize: (widths) => remember({ widths }),
})
const filter = createFilterBox('Filter tensors by name', (next) => {
  keep = next
  remember({ filter: filter.value() })
  showRows()
})
const detail = createDetailPane({
  source: matrixSource(host, 'first'),
  detail: (request, signal) => host.ask('detail', 'first', request, signal),
  copy: (text) => host.post({ type: 'copy', text }),
  save: host.post,
})

function showModel(opened: OpenedModel): void {
  const next = opened.model
  model = next
  stats.clear()
  for (const s of opened.stats) stats.set(s.name, s)
  analysis.clear()
  takeAnalysis(opened.analysis)
  map = layOutHeat(next)
  head.model(next)
  drawnMeasure = chooseMeasure()
  table.fit(next.tensors)
  const mapCard =
    map.blocks.length > 0
      ? h(
          'section',
          { class: 'card', 'aria-label': 'Map' },
          heading,
          colourBy.element,
          grid.element,
          legend.element,
          shapeBar.element,
        )
      : emptyState('No matrices of transformer blocks were recognised; the table lists every tensor.')
  const tableCard = h('section', { 'aria-label': 'Table of tensors' }, filter.element, table.element)
  replaceChildren(
    root,
    head.element,
    h('div', { class: 'columns' }, h('div', { class: 'left' }, mapCard, tableCard), detail.element),
  )
  // The map must have its rows before anything in it is selected.
  drawStats()
  showRows()
  restore()
}

function showRows(): void {
  if (!model) return
  const rows = model.tensors.filter((t) => keep(t.name))
  table.setRows(rows)
  filter.count(rows.length, model.tensors.length)
}

function drawStats(): void {
  if (!model) return
  head.totals(model, stats)
  const measure = chooseMeasure()
  drawnMeasure = measure
  heading.textContent = `${measure.title} by block and module`
  colourBy.show(measuresOf(known()), measure)
  legend.update(colour, words())
  grid.update(heatData(map, measure, known(), colour))
  table.refresh()
}
const showStats = onceAFrame(drawStats)

function chooseMeasure(): Measure {
  const measures = measuresOf(known())
  const chosen = measures.find(({ id }) => id === chosenMeasure)
  return chosen ?? defaultMeasure(measures, known(), model?.tensors ?? [])
}

function words(): LegendWords {
  const { low, high } = scaleOf(map, drawnMeasure, known())
  return { title: drawnMeasure.title, low, high, notComputed: 'not computed' }
}

function takeAnalysis(update: AnalysisUpdate | null): void {
  if (!update) return
  denseLoss = update.loss
  for (const module of update.modules) analysis.set(module.name, module)
}

/** Map, table and detail show one and the same tensor, or none. */
function select(tensor: TensorRow | null, from: 'grid' | 'table' | 'host'): void {
  remember({ selected: tensor?.name })
  selectedTensor = tensor
  mark(null)
  if (from !== 'table') table.select(tensor?.name ?? null)
  if (from !== 'grid') {
    const cell = map.cells.findIndex((c) => tensor !== null && c?.tensors.includes(tensor))
    const columns = map.modules.length
    grid.select(cell < 0 ? null : { row: Math.floor(cell / columns), column: cell % columns })
  }
  if (!tensor) return detail.clear()
  detail.show(tensor, stats.get(tensor.name))
  host.post({ type: 'selected', name: tensor.name })
}

/** null: the selected one alone. */
function mark(range: GridRange | null): void {
  const columns = map.modules.length
  marked = map.cells.flatMap((cell, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns]
    const { from, to } = range ?? {}
    const isIn = from && to && row >= from.row && row <= to.row && column >= from.column && column <= to.column
    return cell && (range ? isIn : cell.tensors.includes(selectedTensor as TensorRow)) ? cell.tensors : []
  })
  const weights = marked.reduce((sum, t) => sum + t.parameters, 0)
  shapeBar.marked(marked.length, formatCompact(weights))
}

function tensorAt(row: number, column: number): TensorRow | undefined {
  return map.cells[row * map.modules.length + column]?.tensors[0]
}

async function exportAs(format: ExportFormat): Promise<void> {
  const m = model
  if (!m) return
  const rows = table.rows()
  const figure = () => grid.toSvg({ title: `${m.label}: ${drawnMeasure.title} by block and module`, legend: words() })
  const files: Record<ExportFormat, () => ExportFile | Promise<ExportFile>> = {
    csv: () => csvFile(m, rows, known()),
    json: () => jsonFile(m, rows, known()),
    svg: () => svgFile(m, figure()),
    png: async () => pngFile(m, await rasterise(figure())),
    html: () => htmlFile(m, rows, stats, figure()),
  }
  host.post(await files[format]())
}

function remember(change: Record<string, unknown>): void {
  host.save({ ...host.load(), path: model?.path, ...change })
}

/** Restores, after a reload, filter, order and selection, if it is still the same model. */
function restore(): void {
  const state = host.load() as {
    path?: string
    filter?: { text: string; regex: boolean }
    order?: SortOrder
    widths?: Record<string, number>
    selected?: string
    measure?: string
  }
  if (state.path !== model?.path) return select(null, 'host')
  chosenMeasure = state.measure ?? null
  if (chosenMeasure) drawStats()
  if (state.filter) filter.set(state.filter)
  if (state.order) table.setOrder(state.order)
  if (state.widths) table.setWidths(state.widths)
  select(model?.tensors.find((t) => t.name === state.selected) ?? null, 'host')
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
    case 'failed':
      return showState(root, message, host)
    case 'model':
      return showModel(message)
    case 'scan':
      for (const s of message.progress.stats) stats.set(s.name, s)
      head.scanning(message.progress)
      return showStats()
    case 'scanEnd':
      head.scanned({ ...message.result, scanned: stats.size })
      return showStats()
    case 'analysis':
      takeAnalysis(message.update)
      colourBy.measuring(message.update)
      return showStats()
    case 'analysisEnd':
      colourBy.measuring(null)
      if (message.problem !== null) colourBy.failed(message.problem)
      return showStats()
    case 'shaped':
      return shapeBar.said(message.said)
    case 'select': {
      const tensor = model?.tensors.find((t) => t.name === message.name)
      return tensor ? select(tensor, 'host') : undefined
    }
    case 'exportNow':
      return void exportAs(message.format)
    case 'settings':
      palette = message.settings.palette
      head.trusted(message.settings.trusted)
      colourBy.trusted(message.settings.trusted)
      shapeBar.trusted(message.settings.trusted)
      legend.update(colour, words())
      detail.setPalette(palette)
      return showStats()
  }
})
onThemeChange(() => {
  grid.redraw()
})
window.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
    event.preventDefault()
    filter.focus()
  }
})
legend.update(colour, words())
