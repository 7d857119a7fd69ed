// What outlives a reload of the page: filter, order, selection and colouring, as long as it is the same checkpoint.
import { batch, effect } from '@preact/signals'
import type { Filter } from '../shared/filterField.tsx'
import type { KeptTable } from '../shared/tableState.ts'
import { chosenMeasure } from './colouring.ts'
import { host } from './host.ts'
import { filter, groupBy, model, select, selected, table, type GroupBy } from './store.ts'

interface Remembered {
  readonly path?: string
  readonly filter?: Filter
  readonly table?: KeptTable
  readonly groupBy?: GroupBy | null
  readonly selected?: string
  readonly measure?: string | null
}

/** Call it before the checkpoint is put into the store, and what it returns afterwards. */
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
