// State of the page of two checkpoints: the models, the comparison so far, and the selection.
import { batch, computed, signal } from '@preact/signals'
import type { ComparedTensor, CompareSummary, TensorChange } from '../../src/protocol/inspect.ts'
import type { LabelledModel, ToCompare } from '../../src/protocol/view.ts'
import { announce } from '../shared/announce.ts'
import { onceAFrame } from '../shared/canvas.ts'
import { nothingMarked } from '../shared/gridLayout.ts'
import { firstSlice, type Loaded, type Sight } from '../shared/matrix.tsx'
import { namedRows } from '../shared/namedTable.tsx'
import type { PageMessage } from '../shared/page.tsx'
import { changeColumns, changeMap, differingMeasure, type Measure } from './changes.ts'

export const models = signal<{ a: LabelledModel; b: LabelledModel } | null>(null)
export const tensors = signal<readonly ComparedTensor[]>([])
const changes = signal<readonly TensorChange[]>([])
/** Number of tensors compared so far, and of all tensors. */
export const progress = signal({ done: 0, total: 0 })
/** null: the comparison is in progress. */
export const result = signal<CompareSummary | null>(null)
export const map = computed(() => changeMap(tensors.value, changes.value, progress.value.done))

/** null: not chosen. */
const chosenMeasure = signal<Measure | null>(null)
export const measure = computed(() => chosenMeasure.value ?? differingMeasure(changes.value))
export const chooseMeasure = (next: Measure) => void (chosenMeasure.value = next)
export const mark = signal(nothingMarked)
export const changed = namedRows(changes, changeColumns)

/** The shown tensor: the chosen one, else the first of the table. */
export const selected = computed(() => {
  const name = changed.table.current.value
  return changes.value.find((change) => change.name === name) ?? changed.rows.value.at(0) ?? null
})
const sliced = signal<{ of: string; slice: number[] } | null>(null)
export const slice = computed(() => {
  const change = selected.value
  if (!change) return []
  return sliced.value?.of === change.name ? sliced.value.slice : firstSlice(change.shape)
})
export function cut(next: number[]): void {
  sliced.value = selected.value && { of: selected.value.name, slice: next }
}
/** The view of both pictures, which move together on one scale. */
export const sight = signal<Sight | null>(null)
export const pictures = signal<ReadonlyMap<string, Loaded>>(new Map())

export function select({ name }: TensorChange): void {
  changed.table.current.value = name
  const { cells, modules } = map.value
  const at = cells.findIndex((cell) => cell?.some((one) => one.name === name))
  const place = { row: Math.floor(at / modules.length), column: at % modules.length }
  mark.value = at >= 0 ? { at: place, anchor: null } : nothingMarked
}

let waiting: TensorChange[] = []
let reached = progress.value
/** Applies all messages of a frame together: thousands arrive, and applying each alone would redraw the map each time. */
const take = () =>
  batch(() => {
    if (waiting.length > 0) changes.value = changes.value.concat(waiting)
    waiting = []
    progress.value = reached
  })
const takeSoon = onceAFrame(take)

export function receive(message: PageMessage<ToCompare>): void {
  switch (message.type) {
    case 'models':
      return batch(() => {
        models.value = message
        waiting = []
        tensors.value = []
        changes.value = []
        progress.value = reached = { done: 0, total: 0 }
        result.value = null
      })
    case 'progress': {
      const { progress: next } = message
      if (next.tensors) tensors.value = next.tensors
      for (const change of next.changes) waiting.push(change)
      reached = next
      return takeSoon()
    }
    case 'result':
      waiting = []
      reached = { done: tensors.value.length, total: tensors.value.length }
      batch(() => {
        changes.value = message.result.changed
        result.value = message.result
        take()
      })
      return announce(message.result.verdict)
  }
}
