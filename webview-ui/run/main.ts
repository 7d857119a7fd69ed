// The run view: everything it shows is folded from events, so a finished run looks the same as a live one.
import '../shared/base.css'
import './run.css'
import type { FromRun, RunListing, RunStatus, ToRun } from '../../src/shared/protocol/view.ts'
import {
  accuracyChart,
  chartTexts,
  errorChart,
  lossChart,
  perplexityChart,
  type ChartedRun,
  type RunChart,
} from '../../src/shared/chart/runCharts.ts'
import { isEmpty } from '../../src/shared/chart/chartData.ts'
import { runLabel, runName } from '../../src/shared/format/runName.ts'
import { emptyPicture, foldEvents } from '../../src/shared/series/foldRun.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import type { RunResult } from '../../src/shared/series/runResult.ts'
import { phaseName } from '../../src/shared/series/recoveryName.ts'
import { smooth } from '../../src/shared/series/smooth.ts'
import { announce } from '../shared/announce.ts'
import { createChart, type ChartLook } from '../shared/chart.ts'
import { saveButtons } from '../shared/saveButtons.ts'
import { createDataTable, tableToggle } from '../shared/dataTable.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createGrid } from '../shared/grid.ts'
import { connectHost } from '../shared/host.ts'
import { createLegend, type LegendWords } from '../shared/legend.ts'
import { sequentialColour, type PaletteName } from '../shared/palette.ts'
import { showState } from '../shared/states.ts'
import { onThemeChange } from '../shared/theme.ts'
import { blockGridData, blockMap, blockTable, describeBlockCell } from '../shared/blockGrid.ts'
import { createControls } from './controls.ts'
import { createErrorMap } from './errorMap.ts'
import { createResultCard } from './resultCard.ts'
import { createStatusBar } from './status.ts'
import { createSampleTexts } from './sampleTexts.ts'
import { createTaskTable } from './taskTable.ts'

const host = connectHost<ToRun, FromRun>()
interface ShownRun extends ChartedRun {
  folder: string
}
const shown = new Map<string, ShownRun>()
/** Asked for by the person; the host tells of every run, also of those that nobody wants to see here. */
const overlaid = new Set<string>((host.load().overlays as string[] | undefined) ?? [])
let runs: RunListing[] = []
let current = ''
let palette: PaletteName = 'viridis'
let maxPoints = 2000
type ChartName = keyof typeof chartTexts
interface ViewOptions {
  /** null until the person has chosen one: the setting's. */
  smoothing: number | null
  looks: Record<ChartName, ChartLook>
  mapAsTable: boolean
  errorsAsTable: boolean
}
const linear: ChartLook = { logX: false, logY: false, asTable: false }
const stored = host.load().options as Partial<ViewOptions> | undefined
const options: ViewOptions = {
  smoothing: stored?.smoothing ?? null,
  // Errors of the first block and of the last differ by powers of ten.
  looks: { loss: linear, perplexity: linear, accuracy: linear, errors: { ...linear, logY: true }, ...stored?.looks },
  mapAsTable: stored?.mapAsTable ?? false,
  errorsAsTable: stored?.errorsAsTable ?? false,
}
let smoothing = options.smoothing ?? 0.6

const colour = (value: number) => sequentialColour(palette, value)
const status = createStatusBar({
  pause: (paused) => host.post({ type: 'pause', paused }),
  cancel: () => host.post({ type: 'cancelRun' }),
  resume: () => host.post({ type: 'resumeRun' }),
  reveal: (what) => host.post({ type: 'reveal', what }),
})
const controls = createControls(
  (next) => {
    options.smoothing = smoothing = next
    saveOptions()
    draw()
  },
  (folder, on) => {
    if (on) {
      overlaid.add(folder)
      host.post({ type: 'overlay', folder })
    } else {
      overlaid.delete(folder)
      shown.delete(folder)
      draw()
    }
    host.save({ ...host.load(), overlays: [...overlaid] })
    controls.runs(runs, current, overlaid)
  },
)
const logAxes: Record<ChartName, ('x' | 'y')[]> = {
  loss: ['x', 'y'],
  perplexity: ['x', 'y'],
  accuracy: ['x'],
  errors: ['y'],
}
const chart = (name: ChartName) =>
  createChart({
    ...chartTexts[name],
    look: options.looks[name],
    logAxes: logAxes[name],
    onLook: (look) => {
      options.looks[name] = look
      saveOptions()
    },
    save: host.post,
  })
const charts = {
  loss: chart('loss'),
  perplexity: chart('perplexity'),
  accuracy: chart('accuracy'),
  errors: chart('errors'),
}
const nothingYet = h('p', { class: 'muted' }, 'Curves appear with the first step, block or evaluation.')
const grid = createGrid({
  label: 'Sparsity of the blocks so far',
  describe: (row, column) => {
    const picture = shown.get(current)?.picture ?? emptyPicture()
    return describeBlockCell(blockMap(picture), picture, row, column)
  },
  onSelect: () => {},
})
const words: LegendWords = { title: 'Zeros', low: '0 %', high: '100 %', notComputed: 'not pruned yet' }
const legend = createLegend(words)
const csv = h('button', { type: 'button', class: 'secondary', onclick: saveCsv }, 'Curves as CSV')
const tasks = createTaskTable(host.post)
const sampleTexts = createSampleTexts()
const cards = Object.values(charts).map(({ element }) => h('div', { class: 'card', hidden: true }, element))
const mapTitle = 'Sparsity by block and module'
const mapTable = createDataTable(mapTitle)
const mapTools = h(
  'span',
  { class: 'chartTools' },
  tableToggle(mapTitle, options.mapAsTable, (asTable) => {
    options.mapAsTable = asTable
    saveOptions()
    draw()
  }),
  ...saveButtons(
    'sparsity',
    () => grid.toSvg({ title: mapTitle, legend: words, caption: shown.get(current)?.label ?? '' }),
    host.post,
  ),
)
const mapHead = h('div', { class: 'chartHead' }, h('h2', { class: 'chartTitle' }, mapTitle), mapTools)
const map = h('section', { class: 'card' }, mapHead, grid.element, legend.element, mapTable.element)
const errorMap = createErrorMap({
  asTable: options.errorsAsTable,
  onTable(asTable) {
    options.errorsAsTable = asTable
    saveOptions()
  },
  save: host.post,
})
const chartRow = h('div', { class: 'charts' }, ...cards)
const resultCard = createResultCard({
  reveal: (what) => host.post({ type: 'reveal', what }),
  copy: (text) => host.post({ type: 'copy', text }),
})
let result: RunResult | null = null
const page = [
  status.element,
  resultCard.element,
  h('div', { class: 'head curves' }, controls.element, csv),
  nothingYet,
  chartRow,
  tasks.element,
  sampleTexts.element,
  map,
  errorMap.element,
]
const root = document.body.appendChild(h('main'))

const draw = onceAFrame(() => {
  const run = shown.get(current)
  if (!run) return
  const all = [run, ...[...shown.values()].filter((r) => r !== run)]
  status.update(
    run.picture,
    statusOf(run),
    result !== null,
    runs.find(({ folder }) => folder === current),
  )
  resultCard.update(run.picture.name, result)
  const drawn: Record<ChartName, RunChart> = {
    loss: lossChart(all, { smoothing, maxPoints }),
    perplexity: perplexityChart(all),
    accuracy: accuracyChart(all),
    errors: errorChart(all),
  }
  for (const [i, name] of (['loss', 'perplexity', 'accuracy', 'errors'] as const).entries()) {
    // A run that only prunes has no curve.
    cards[i].hidden = isEmpty(drawn[name])
    charts[name].update(drawn[name])
  }
  chartRow.classList.toggle(
    'pairs',
    cards.every((card) => !card.hidden),
  )
  tasks.update(all)
  sampleTexts.update(run.picture)
  csv.hidden = cards[0].hidden
  nothingYet.hidden = statusOf(run) !== 'running' || cards.some((card) => !card.hidden)
  errorMap.update(all, colour)
  map.hidden = run.picture.blocks.size === 0
  const blocks = blockMap(run.picture)
  const { mapAsTable } = options
  grid.element.hidden = legend.element.hidden = mapAsTable
  mapTable.element.hidden = !mapAsTable
  grid.update(blockGridData(blocks, colour))
  if (mapAsTable) mapTable.update(blockTable(blocks))
})

function saveOptions(): void {
  host.save({ ...host.load(), options })
}

/** The status that the host tells, unless an end event has been written. */
function statusOf(run: ShownRun): RunStatus {
  return run.picture.end?.status ?? runs.find((r) => r.folder === run.folder)?.status ?? 'interrupted'
}

function addEvents(message: Extract<ToRun, { type: 'events' }>): void {
  if (message.folder !== current && !overlaid.has(message.folder)) return
  let run = shown.get(message.folder)
  if (!run && message.from > 0) return
  if (!run || message.from === 0) {
    const listed = runs.find((r) => r.folder === message.folder)
    const label = runLabel(listed ?? runName(message.folder.split(/[\\/]/).at(-1) ?? ''))
    const index = message.folder === current ? 0 : (run?.index ?? freeIndex())
    run = { folder: message.folder, label, index, picture: emptyPicture() }
    shown.set(message.folder, run)
  }
  // Events that were sent twice are skipped; a gap cannot happen, since the host sends them in order.
  const known = run.picture.numEvents - message.from
  const phases = run.picture.phases.length
  foldEvents(run.picture, message.events.slice(Math.max(0, known)))
  const latest = run.picture.phases.at(-1)
  if (message.folder === current && latest && run.picture.phases.length > phases) announce(phaseName(latest))
  draw()
}

function freeIndex(): number {
  const used = new Set([...shown.values()].map((r) => r.index))
  let index = 1
  while (used.has(index)) index++
  return index
}

/** Raw and smoothed side by side, with the weight, so that the picture can be made again. */
function saveCsv(): void {
  const lines = [...shown.values()].flatMap(({ label, picture }) => {
    return [...picture.lossByRecovery].flatMap(([recovery, points]) => {
      const smoothed = smooth(points, smoothing)
      return points.map((p, i) => [label, recovery, p.x, p.y ?? 'NaN', smoothed[i].y ?? 'NaN', picture.lr[p.x - 1]?.y])
    })
  })
  const content = toCsv(['run', 'recovery', 'step', 'loss', `loss_smoothed_${smoothing}`, 'lr'], lines)
  host.post({ type: 'export', name: 'curves.csv', content, encoding: 'utf8' })
}

host.listen((message) => {
  switch (message.type) {
    case 'loading':
    case 'failed':
      return showState(root, message, host)
    case 'runs':
      if (!status.element.isConnected) replaceChildren(root, ...page)
      if (current === '') for (const folder of overlaid) host.post({ type: 'overlay', folder })
      current = message.current
      runs = message.runs
      controls.runs(runs, current, overlaid)
      host.save({ ...host.load(), folder: current })
      return draw()
    case 'events':
      return addEvents(message)
    case 'runResult':
      result = message.result
      return draw()
    case 'settings':
      palette = message.settings.palette
      maxPoints = message.settings.maxPoints
      smoothing = options.smoothing ?? message.settings.smoothing
      controls.setSmoothing(smoothing)
      legend.update(colour)
      return draw()
  }
})
onThemeChange(draw)
