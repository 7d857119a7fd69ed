// State of the inspector's page: one checkpoint and the selection, which map, table and detail share.
import { batch, computed, effect, signal } from '@preact/signals'
import type { MeasuredModule } from '../../src/plan/analysis.ts'
import type {
  AnalysisUpdate,
  MeasuredSoFar,
  ModelSummary,
  OpenedModel,
  ScanProgress,
  ScanResult,
  TensorRow,
  TensorStats,
} from '../../src/protocol/inspect.ts'
import { onceAFrame } from '../shared/canvas.ts'
import type { Filter } from '../shared/filterField.tsx'
import { nothingMarked, rangeOf } from '../shared/gridLayout.ts'
import { cellOf } from '../shared/gridData.ts'
import { type KeptTable, tableState } from '../shared/tableState.ts'
import { heatData, layOutHeat } from './cells.ts'
import { defaultMeasure, type Known, measuresOf } from './measures.ts'
import type { FromInspector, ToInspector } from '../../src/protocol/view.ts'
import { connectHost } from '../shared/host.ts'
import { chosenColour } from '../shared/settings.ts'

/** The connection to the extension host. */
export const host = connectHost<ToInspector, FromInspector>()

export const model = signal<ModelSummary | null>(null)
/** A new object whenever its maps change. */
export const known = signal<Known>({ stats: new Map(), analysis: new Map(), denseLoss: null })
export const map = computed(() => layOutHeat(model.value?.tensors ?? []))

export interface Scan {
  /** `first`: progress when this view opened. */
  readonly going: { readonly first: ScanProgress; readonly now: ScanProgress } | null
  readonly result: ScanResult | null
}
export const scan = signal<Scan>({ going: null, result: null })
/** null: nothing is being measured. */
export const measuring = signal<Pick<AnalysisUpdate, 'done' | 'total'> | null>(null)
/** Why measuring stopped. */
export const measuringProblem = signal('')
/** null: not known yet, or the model cannot be run. */
export const measurable = signal<MeasuredSoFar | null>(null)

let stats = new Map<string, TensorStats>()
let analysis = new Map<string, MeasuredModule>()
let denseLoss: number | null = null
let rooms: Known['certificates'] = {}
const tell = () => {
  const certificates = { ...model.value?.origin?.certificates, ...rooms }
  known.value = { stats, analysis, denseLoss, certificates }
}
/** Statistics arrive tensor by tensor, much faster than the page can draw. */
const tellSoon = onceAFrame(tell)

/** Whether the detail waits for the scan that fills the map, because the page, not the user, selected the matrix. */
export const waitsForScan = signal(false)

export function openModel(opened: OpenedModel & { readonly scanAhead?: boolean }): void {
  stats = new Map(opened.stats.map((one) => [one.name, one]))
  analysis = new Map()
  denseLoss = null
  rooms = {}
  takeAnalysis(opened.analysis)
  scan.value = { going: null, result: null }
  waitsForScan.value = opened.scanAhead ?? false
  if (opened.model.path !== model.value?.path) measurable.value = null
  model.value = opened.model
  tell()
}

function takeAnalysis(update: AnalysisUpdate | null): void {
  if (!update) return
  denseLoss = update.loss ?? denseLoss
  rooms = update.certificates ?? rooms
  for (const module of update.modules) analysis.set(module.name, module)
}

export function scanned(now: ScanProgress): void {
  for (const one of now.stats) stats.set(one.name, one)
  scan.value = { ...scan.value, going: { first: scan.value.going?.first ?? now, now } }
  tellSoon()
}

/** Statistics of one tensor, from its detail. */
export function learned(one: TensorStats): void {
  if (stats.has(one.name)) return
  stats.set(one.name, one)
  tellSoon()
}

export function scanEnded(result: ScanResult): void {
  scan.value = { going: null, result: { ...result, scanned: stats.size } }
  waitsForScan.value = false
  tellSoon()
}

export function measured(update: AnalysisUpdate): void {
  takeAnalysis(update)
  measuring.value = update
  measuringProblem.value = ''
  tellSoon()
}

export function measuringEnded(problem: string | null): void {
  measuring.value = null
  measuringProblem.value = problem ?? ''
}

export const filter = signal<Filter>({ text: '', regex: false })
export const table = tableState()
/** How the table groups tensors. */
export type GroupBy = 'block' | 'role'
export const groupBy = signal<GroupBy | null>(null)

export const selected = signal<TensorRow | null>(null)
/** Whether the user, not the page, selected the tensor. */
export const isChosen = signal(false)
export const mark = signal(nothingMarked)
/** Tensors of the marked cells of the map: the selected cell, or a rectangle. */
export const marked = computed(() => {
  const { cells, modules } = map.value
  const { at } = mark.value
  const { from, to } = rangeOf(mark.value) ?? { from: at, to: at }
  if (!from || !to) return []
  return cells.flatMap((cell, i) => {
    const [row, column] = [Math.floor(i / modules.length), i % modules.length]
    const isIn = row >= from.row && row <= to.row && column >= from.column && column <= to.column
    return isIn && cell ? cell : []
  })
})

export const tensorAt = (row: number, column: number): TensorRow | undefined => cellOf(map.value, row, column)?.[0]

/** Selects the tensor that map, table and detail show; null: none. The page itself selects one at the start. */
export function select(tensor: TensorRow | null, from: 'map' | 'table' | 'host' | 'start'): void {
  batch(() => {
    selected.value = tensor
    isChosen.value = from !== 'start'
    if (isChosen.value) waitsForScan.value = false
    table.current.value = tensor?.name ?? null
    if (from === 'map') return
    const { cells, modules } = map.value
    const cell = cells.findIndex((c) => tensor !== null && c?.includes(tensor))
    const at = cell < 0 ? null : { row: Math.floor(cell / modules.length), column: cell % modules.length }
    mark.value = { at, anchor: null }
  })
  if (tensor && from !== 'start') host.post({ type: 'selected', name: tensor.name })
}

/** Id of the measure that colours the map; null: `defaultMeasure` chooses. */
export const chosenMeasure = signal<string | null>(null)
export const measures = computed(() => measuresOf(known.value))
export const measure = computed(
  () =>
    measures.value.find(({ id }) => id === chosenMeasure.value) ??
    defaultMeasure(measures.value, known.value, model.value?.tensors ?? []),
)

export const heat = computed(() => heatData(map.value, measure.value, known.value, chosenColour))

/** State that survives a reload of the page with the same checkpoint. */
interface Remembered {
  readonly path?: string
  readonly filter?: Filter
  readonly table?: KeptTable
  readonly groupBy?: GroupBy | null
  readonly selected?: string
  readonly measure?: string | null
}

/** Reads the saved state, which opening a checkpoint overwrites. Call before `openModel`, and call the result afterwards. */
export function recall(): () => void {
  const state = host.load() as Remembered
  return () =>
    batch(() => {
      const { path, tensors = [] } = model.value ?? {}
      const first = tensors.find(({ role }) => role === 'linear') ?? tensors.at(0)
      if (state.path !== path) return select(first ?? null, 'start')
      if (state.filter) filter.value = state.filter
      if (state.table) table.kept.value = state.table
      groupBy.value = state.groupBy ?? null
      chosenMeasure.value = state.measure ?? null
      select(tensors.find(({ name }) => name === state.selected) ?? first ?? null, 'start')
    })
}

effect(() => {
  if (!model.value) return
  const state: Remembered = {
    path: model.value.path,
    filter: filter.value,
    table: table.kept.value,
    groupBy: groupBy.value,
    selected: selected.value?.name,
    measure: chosenMeasure.value,
  }
  host.save({ ...state })
})
