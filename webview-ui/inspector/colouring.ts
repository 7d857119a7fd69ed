// What the map is coloured by.
import { computed, signal } from '@preact/signals'
import { divergingColour, sequentialColour } from '../shared/palette.ts'
import type { LegendWords } from '../shared/legend.ts'
import { settings } from '../shared/settings.ts'
import { heatData } from './cells.ts'
import { defaultMeasure, measuresOf, scaleOf, sparsityMeasure, type Measure } from './measures.ts'
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
  const { stats } = known.value
  const linears = (model.value?.tensors ?? []).filter(({ role }) => role === 'linear')
  return linears.some((tensor) => (sparsityMeasure.of(tensor, { ...known.value, stats }) ?? 0) > 0.001)
    ? 'now'
    : 'uniform'
})

export const measure = computed<Measure>(() => {
  const now = plan.value
  if (!now || surface.value === 'cost') return cost.value
  return surface.value === 'planned' ? plannedMeasure(now) : differenceMeasure(now, comparedWith.value)
})

export const colour = (share: number): string =>
  measure.value.scale === 'difference'
    ? divergingColour(2 * share - 1)
    : sequentialColour(settings.value.palette, share)
export const heat = computed(() => heatData(map.value, measure.value, known.value, colour))
export const words = computed<LegendWords>(() => {
  const { low, high } = scaleOf(map.value, measure.value, known.value)
  const notComputed = heat.value.cells.some((cell) => cell?.value === null)
    ? (measure.value.missing ?? 'not computed')
    : null
  return { title: measure.value.title, low, high, notComputed }
})
