// The inspector's page: holds what is known of one checkpoint and keeps map, table, totals and detail in step.
import '../shared/base.css'
import './inspector.css'
import type { ModelSummary, TensorRow, TensorStats } from '../../src/shared/protocol/inspect.ts'
import type { ExportFile, ExportFormat, FromInspector, ToInspector } from '../../src/shared/protocol/view.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createFilterBox } from '../shared/filterBox.ts'
import { createGrid } from '../shared/grid.ts'
import { connectHost } from '../shared/host.ts'
import { createLegend } from '../shared/legend.ts'
import { sequentialColour, type PaletteName } from '../shared/palette.ts'
import { emptyState, failedState, loadingState } from '../shared/states.ts'
import { createTable } from '../shared/table.ts'
import type { SortOrder } from '../shared/tableOrder.ts'
import { onThemeChange } from '../shared/theme.ts'
import { describeCell, heatData, layOutHeat, type HeatMap } from './cells.ts'
import { createDetailPane } from './detail.ts'
import { csvFile, htmlFile, jsonFile, pngFile, svgFile } from './exportFiles.ts'
import { createHead } from './head.ts'
import { tensorColumns } from './tensorTable.ts'

const host = connectHost<ToInspector, FromInspector>()
const stats = new Map<string, TensorStats>()
let model: ModelSummary | null = null
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
  save: exportAs,
})
const legend = createLegend('Exact zeros', '0 %', '100 %', 'not computed')
const grid = createGrid({
  label: 'Sparsity by block and module',
  describe: (row, column) => describeCell(map, stats, row, column),
  onSelect: (row, column) => {
    const tensor = tensorAt(row, column)
    if (tensor) select(tensor, 'grid')
  },
  menuContext: (row, column) => menuContext(tensorAt(row, column)),
})
const table = createTable<TensorRow>({
  label: 'Tensors',
  columns: tensorColumns((name) => stats.get(name)),
  key: (tensor) => tensor.name,
  onSelect: (tensor) => select(tensor, 'table'),
  menuContext,
  empty: 'No tensor has such a name.',
  onSort: (order) => remember({ order }),
})
const filter = createFilterBox('Filter tensors by name', (next) => {
  keep = next
  remember({ filter: filter.value() })
  showRows()
})
const detail = createDetailPane({
  load: (slice) => (name, region, width, height) =>
    host.ask('tile', { path: model?.path ?? '', name, slice, ...region, width, height }),
  detail: (request) => host.ask('detail', { path: model?.path ?? '', ...request }),
  copy: (text) => host.post({ type: 'copy', text }),
})

function showModel(next: ModelSummary, known: TensorStats[]): void {
  model = next
  stats.clear()
  for (const s of known) stats.set(s.name, s)
  map = layOutHeat(next)
  head.model(next)
  const mapCard =
    map.blocks.length > 0
      ? h(
          'section',
          { class: 'card', 'aria-label': 'Map' },
          h('h2', {}, 'Sparsity by block and module'),
          grid.element,
          legend.element,
        )
      : emptyState('No matrices of transformer blocks were recognised; the table lists every tensor.')
  const tableCard = h('section', { 'aria-label': 'Table of tensors' }, filter.element, table.element)
  replaceChildren(
    root,
    head.element,
    h('div', { class: 'columns' }, h('div', { class: 'left' }, mapCard, tableCard), detail.element),
  )
  restore()
  showRows()
  showStats()
}

function showRows(): void {
  if (!model) return
  const rows = model.tensors.filter((t) => keep(t.name))
  table.setRows(rows)
  filter.count(rows.length, model.tensors.length)
}

const showStats = onceAFrame(() => {
  if (!model) return
  head.totals(model, stats)
  grid.update(heatData(map, stats, colour))
  table.refresh()
})

function select(tensor: TensorRow, from: 'grid' | 'table' | 'host'): void {
  remember({ selected: tensor.name })
  if (from !== 'table') table.select(tensor.name)
  if (from !== 'grid') {
    const cell = map.cells.findIndex((c) => c?.tensors.includes(tensor))
    if (cell >= 0) grid.select(Math.floor(cell / map.modules.length), cell % map.modules.length)
  }
  detail.show(tensor, stats.get(tensor.name))
  host.post({ type: 'selected', name: tensor.name })
}

function tensorAt(row: number, column: number): TensorRow | undefined {
  return map.cells[row * map.modules.length + column]?.tensors[0]
}

function exportAs(format: ExportFormat): void {
  if (!model) return
  const rows = table.rows()
  const files: Record<ExportFormat, (m: ModelSummary) => ExportFile> = {
    csv: (m) => csvFile(m, rows, stats),
    json: (m) => jsonFile(m, rows, stats),
    svg: (m) => svgFile(m, grid.toSvg()),
    png: (m) => pngFile(m, grid.toPng()),
    html: (m) => htmlFile(m, rows, stats, grid.toSvg()),
  }
  host.post(files[format](model))
}

function remember(change: Record<string, unknown>): void {
  host.save({ ...host.load(), path: model?.path, ...change })
}

/** After a reload: the same filter, order and selection, if it is still the same model. */
function restore(): void {
  const state = host.load() as {
    path?: string
    filter?: { text: string; regex: boolean }
    order?: SortOrder
    selected?: string
  }
  if (state.path !== model?.path) return
  if (state.filter) filter.set(state.filter)
  if (state.order) table.setOrder(state.order)
  const selected = model?.tensors.find((t) => t.name === state.selected)
  if (selected) queueMicrotask(() => select(selected, 'host'))
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
      return replaceChildren(root, loadingState(message.what))
    case 'failed':
      return replaceChildren(
        root,
        failedState(message.message, () => host.post({ type: 'retry' })),
      )
    case 'model':
      return showModel(message.model, message.stats)
    case 'scan':
      for (const s of message.progress.stats) stats.set(s.name, s)
      head.scanning(message.progress)
      return showStats()
    case 'scanEnd':
      head.scanned(message.result)
      return showStats()
    case 'select': {
      const tensor = model?.tensors.find((t) => t.name === message.name)
      return tensor ? select(tensor, 'host') : undefined
    }
    case 'exportNow':
      return exportAs(message.format)
    case 'settings':
      palette = message.settings.palette
      head.trusted(message.settings.trusted)
      legend.update(colour)
      detail.setPalette(palette)
      return showStats()
  }
})
onThemeChange(() => {
  grid.redraw()
  detail.redraw()
})
window.addEventListener('keydown', (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === 'f') {
    event.preventDefault()
    filter.focus()
  }
})
legend.update(colour)
