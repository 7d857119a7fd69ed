// What the page of a recipe's training knows.
import { computed, signal } from '@preact/signals'
import type { PlanRow, PlanSummary } from '../../src/shared/plan/planSummary.ts'
import type { ToTrainable } from '../../src/shared/protocol/view.ts'
import { namedRows } from '../shared/namedTable.tsx'
import type { PageMessage } from '../shared/page.tsx'
import { chosenColour } from '../shared/settings.ts'
import { placeColumns } from '../shared/placeColumns.ts'
import { numberColumn, type Column } from '../shared/tableColumn.ts'
import { shareGrid, shareMap } from './shares.ts'

export const plan = signal<PlanSummary | null>(null)
export const shares = computed(() => shareMap(plan.value?.rows ?? []))
export const grid = computed(() => shareGrid(shares.value, chosenColour))

export function receive(message: PageMessage<ToTrainable>): void {
  plan.value = message.plan
}

const stateOf = (row: PlanRow) => [row.by ?? 'frozen', row.pruned && 'pruned'].filter(Boolean).join(', ')
const { first, last } = placeColumns<PlanRow>('Parameter')
const columns: readonly Column<PlanRow>[] = [
  ...first,
  { id: 'state', title: 'State', text: stateOf, sort: stateOf },
  numberColumn('parameters', 'Weights', (row) => row.parameters, { optional: 1 }),
  numberColumn('trainable', 'Trained', (row) => row.trainable),
  last,
]
export const parameters = namedRows(
  computed(() => plan.value?.rows ?? []),
  columns,
)
