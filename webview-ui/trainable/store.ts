// What the page of a recipe's training knows.
import { computed, signal } from '@preact/signals'
import type { PlanRow, PlanSummary } from '../../src/shared/plan/planSummary.ts'
import type { ToTrainable } from '../../src/shared/protocol/view.ts'
import { keptBy, type Filter } from '../shared/filter.ts'
import type { PageMessage } from '../shared/page.tsx'
import { sequentialColour } from '../shared/palette.ts'
import { settings } from '../shared/settings.ts'
import { placeColumns } from '../shared/placeColumns.ts'
import { numberColumn, type Column } from '../shared/tableColumn.ts'
import { inOrder, tableState } from '../shared/tableState.ts'
import { shareGrid, shareMap } from './shares.ts'

export const plan = signal<PlanSummary | null>(null)
export const shares = computed(() => shareMap(plan.value?.rows ?? []))
const colour = (value: number) => sequentialColour(settings.value.palette, value)
export const grid = computed(() => shareGrid(shares.value, colour))

export function receive(message: PageMessage<ToTrainable>): void {
  plan.value = message.plan
}

export const filter = signal<Filter>({ text: '', regex: false })
/** Rows that the filter keeps; all while an expression is wrong. */
export const rows = computed(() => keptBy(filter.value, plan.value?.rows ?? [], ({ name }) => name))

const stateOf = (row: PlanRow) => [row.by ?? 'frozen', row.pruned && 'pruned'].filter(Boolean).join(', ')
const { first, last } = placeColumns<PlanRow>('Parameter')
export const columns: readonly Column<PlanRow>[] = [
  ...first,
  { id: 'state', title: 'State', text: stateOf, sort: stateOf },
  numberColumn('parameters', 'Weights', (row) => row.parameters, { optional: 1 }),
  numberColumn('trainable', 'Trained', (row) => row.trainable),
  last,
]
export const table = tableState()
/** In the table's order. */
export const shown = computed(() => inOrder(rows.value, columns, table))
