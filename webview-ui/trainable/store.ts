// What the page of a recipe's training knows.
import { computed, signal } from '@preact/signals'
import type { PlanRow, PlanSummary } from '../../src/plan/planSummary.ts'
import type { ToTrainable } from '../../src/protocol/view.ts'
import { namedRows } from '../shared/namedTable.tsx'
import type { PageMessage } from '../shared/page.tsx'
import { chosenColour } from '../shared/settings.ts'
import { type Column, numberColumn, placeColumns } from '../shared/tableColumn.ts'
import { shareGrid, shareMap } from './shares.ts'
import { allStages, planOfStage, stageOptions, type Stage } from './stages.ts'

export const plan = signal<PlanSummary | null>(null)
const chosen = signal<Stage>(allStages)
/** What of the recipe the page shows; a stage that a saved recipe no longer has gives way to all. */
export const stage = computed(() => {
  const isThere = stageOptions(plan.value?.recoveries ?? []).some(({ value }) => value === chosen.value)
  return isThere ? chosen.value : allStages
})
export const chooseStage = (next: Stage) => void (chosen.value = next)
/** The plan as that stage alone would train. */
export const shown = computed(() => plan.value && planOfStage(plan.value, stage.value))
export const shares = computed(() => shareMap(shown.value?.rows ?? []))
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
  computed(() => shown.value?.rows ?? []),
  columns,
)
