// What the map is coloured by.
import { computed, signal } from '@preact/signals'
import { chosenColour } from '../shared/settings.ts'
import { heatData } from './cells.ts'
import { defaultMeasure, measuresOf, type Measure } from './measures.ts'
import { known, map, model } from './store.ts'

/** Which of the measured colours the map; null: whatever tells most. */
export const chosenMeasure = signal<string | null>(null)
export const measures = computed(() => measuresOf(known.value))
export const measure = computed(
  () =>
    measures.value.find(({ id }) => id === chosenMeasure.value) ??
    defaultMeasure(measures.value, known.value, model.value?.tensors ?? []),
)

export const heatOf = (one: Measure) => heatData(map.value, one, known.value, chosenColour)
export const heat = computed(() => heatOf(measure.value))
