// The run view: everything it shows is folded from events, so a finished run looks the same as a live one.
import '../shared/base.css'
import './run.css'
import type { FromRun, RunListing, RunStatus, ToRun } from '../../src/shared/protocol/view.ts'
import { emptyPicture, foldEvents } from '../../src/shared/series/foldRun.ts'
import { toCsv } from '../../src/shared/format/csv.ts'
import { smooth } from '../../src/shared/series/smooth.ts'
import { announce } from '../shared/announce.ts'
import { createChart } from '../shared/chart.ts'
import { h, onceAFrame, replaceChildren } from '../shared/dom.ts'
import { createGrid } from '../shared/grid.ts'
import { connectHost } from '../shared/host.ts'
import { keyEntry } from '../shared/key.ts'
import { createLegend } from '../shared/legend.ts'
import { seriesStyle, sequentialColour, type PaletteName } from '../shared/palette.ts'
import { failedState, loadingState } from '../shared/states.ts'
import { onThemeChange } from '../shared/theme.ts'
import { blockGridData, blockMap, describeBlockCell } from './blockGrid.ts'
import { createControls, type ViewOptions } from './controls.ts'
import { errorSeries, lossSeries, perplexitySeries, stageMarks, type ShownRun } from './series.ts'
import { createStatusBar } from './status.ts'

const host = connectHost<ToRun, FromRun>()
const shown = new Map<string, ShownRun>()
let runs: RunListing[] = []
let current = ''
let palette: PaletteName = 'viridis'
let maxPoints = 2000
let options: ViewOptions = {
  logX: false,
  logY: false,
  smoothing: 0.6,
  ...(host.load().options as Partial<ViewOptions>),
}
let chosenSmoothing = host.load().options !== undefined

const colour = (value: number) => sequentialColour(palette, value)
const status = createStatusBar({
  pause: (paused) => host.post({ type: 'pause', paused }),
  cancel: () => host.post({ type: 'cancelRun' }),
  resume: () => host.post({ type: 'resumeRun' }),
  reveal: (what) => host.post({ type: 'reveal', what }),
})
const controls = createControls(
  (next) => {
    options = next
    chosenSmoothing = true
    host.save({ ...host.load(), options })
    draw()
  },
  (folder, on) => {
    if (on) host.post({ type: 'overlay', folder })
    else {
      shown.delete(folder)
      draw()
    }
    const overlays = [...shown.keys(), ...(on ? [folder] : [])].filter((f) => f !== current)
    host.save({ ...host.load(), overlays })
  },
)
const loss = createChart('Loss', 'optimiser steps', 'loss')
const perplexity = createChart('Perplexity', 'optimiser steps', 'perplexity')
const errors = createChart('Reconstruction error per block', 'block', 'mean squared error')
const grid = createGrid({
  label: 'Sparsity of the blocks so far',
  describe: (row, column) => {
    const picture = shown.get(current)?.picture ?? emptyPicture()
    return describeBlockCell(blockMap(picture), picture, row, column)
  },
  onSelect: () => {},
})
const legend = createLegend('Zeros', '0 %', '100 %', 'not pruned yet')
const keys = h('div', { class: 'keys' })
const save = (text: string, act: () => void) => h('button', { type: 'button', class: 'secondary', onclick: act }, text)
const page = [
  status.element,
  h(
    'div',
    { class: 'head' },
    controls.element,
    h('div', { class: 'row' }, save('Curves as CSV', saveCsv), save('Loss as SVG', saveSvg)),
  ),
  keys,
  h('div', { class: 'charts' }, ...[loss, perplexity, errors].map((c) => h('div', { class: 'card' }, c.element))),
  h('section', { class: 'card' }, h('h2', {}, 'Sparsity by block and module'), grid.element, legend.element),
]
const root = document.body.appendChild(h('main'))

const draw = onceAFrame(() => {
  const run = shown.get(current)
  if (!run) return
  const all = [run, ...[...shown.values()].filter((r) => r !== run)]
  status.update(run.picture, statusOf(run))
  const { logX, logY } = options
  const stages = stageMarks(run.picture)
  loss.update({ series: lossSeries(all, { smoothing: options.smoothing, maxPoints }), logX, logY, stages })
  // A run that only prunes has no curve.
  const trains = all.some((r) => r.picture.loss.length > 0 || r.picture.end === null)
  loss.element.parentElement?.toggleAttribute('hidden', !trains)
  const measured = all.some((r) => r.picture.evaluations.length > 0)
  perplexity.element.parentElement?.toggleAttribute('hidden', !measured)
  perplexity.update({ series: perplexitySeries(all), logX, logY, stages })
  const errorLines = errorSeries(all)
  errors.element.parentElement?.toggleAttribute('hidden', errorLines.length === 0)
  errors.update({ series: errorLines, logX: false, logY, stages: [] })
  grid.update(blockGridData(blockMap(run.picture), colour))
  replaceChildren(keys, ...(all.length > 1 ? all.map((r) => keyEntry(r.label, seriesStyle(r.index))) : []))
})

/** What the host says, unless the events know better: an end has been written. */
function statusOf(run: ShownRun): RunStatus {
  return run.picture.end?.status ?? runs.find((r) => r.folder === run.folder)?.status ?? 'interrupted'
}

function addEvents(message: Extract<ToRun, { type: 'events' }>): void {
  let run = shown.get(message.folder)
  if (!run || message.from === 0) {
    const label = runs.find((r) => r.folder === message.folder)?.name ?? message.folder
    const index = message.folder === current ? 0 : (run?.index ?? freeIndex())
    run = { folder: message.folder, label, index, picture: emptyPicture() }
    shown.set(message.folder, run)
  }
  // Events that were sent twice are skipped; a gap cannot happen, since the host sends them in order.
  const known = run.picture.numEvents - message.from
  const phases = run.picture.phases.length
  foldEvents(run.picture, message.events.slice(Math.max(0, known)))
  if (message.folder === current && run.picture.phases.length > phases) announce(run.picture.phases.at(-1)?.phase ?? '')
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
    const smoothed = smooth(picture.loss, options.smoothing)
    return picture.loss.map((p, i) => [label, p.x, p.y ?? 'NaN', smoothed[i].y ?? 'NaN', picture.lr[i]?.y])
  })
  const content = toCsv(['run', 'step', 'loss', `loss_smoothed_${options.smoothing}`, 'lr'], lines)
  host.post({ type: 'export', name: 'curves.csv', content, encoding: 'utf8' })
}

function saveSvg(): void {
  host.post({ type: 'export', name: 'loss.svg', content: loss.toSvg(), encoding: 'utf8' })
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
    case 'runs':
      if (current === '') {
        replaceChildren(root, ...page)
        for (const folder of (host.load().overlays as string[] | undefined) ?? [])
          host.post({ type: 'overlay', folder })
      }
      current = message.current
      runs = message.runs
      controls.runs(runs, current, new Set(shown.keys()))
      host.save({ ...host.load(), folder: current })
      return draw()
    case 'events':
      return addEvents(message)
    case 'settings':
      palette = message.settings.palette
      maxPoints = message.settings.maxPoints
      if (!chosenSmoothing) options = { ...options, smoothing: message.settings.smoothing }
      controls.set(options)
      legend.update(colour)
      return draw()
  }
})
onThemeChange(draw)
