// What the map is coloured by.
import { computed, signal } from '@preact/signals'
import { divergingColour } from '../shared/palette.ts'
import { chosenColour } from '../shared/settings.ts'
import { heatData } from './cells.ts'
import { defaultMeasure, measuresOf, sparsityMeasure, type Measure } from './measures.ts'
import { differenceMeasure, plannedMeasure } from './plan.ts'
import { against, plan, surface } from './planStore.ts'
import { known, map, model } from './store.ts'

/** Which of the measured colours the map; null: whatever tells most. */
export const chosenMeasure = signal<string | null>(null)
export const measures = computed(() => measuresOf(known.value))
export const cost = computed(
  () =>
    measures.value.find(({ id }) => id === chosenMeasure.value) ??
    defaultMeasure(measures.value, known.value, model.value?.tensors ?? []),
)

/** Against the zeros there are; of a dense checkpoint that would be the plan itself. */
export const comparedWith = computed(() => {
  if (against.value) return against.value
  const linears = (model.value?.tensors ?? []).filter(({ role }) => role === 'linear')
  return linears.some((tensor) => (sparsityMeasure.of(tensor, known.value) ?? 0) > 0.001) ? 'now' : 'uniform'
})

export const measure = computed<Measure>(() => {
  const now = plan.value
  if (!now || surface.value === 'cost') return cost.value
  return surface.value === 'planned' ? plannedMeasure(now) : differenceMeasure(now, comparedWith.value)
})

const colourBy = ({ scale }: Measure) =>
  scale === 'difference' ? (share: number) => divergingColour(2 * share - 1) : chosenColour
export const heatOf = (one: Measure) => heatData(map.value, one, known.value, colourBy(one))
export const heat = computed(() => heatOf(measure.value))
