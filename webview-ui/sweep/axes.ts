// The two measures that the picture of the runs has for its axes: those that a person chose, where the runs have them.
import { baseOf, type Measure } from '../../src/runs/compared/measures.ts'
import type { Options } from './options.ts'

export interface Axes {
  readonly x: Measure
  readonly y: Measure
}

/** `available`: measures that any of the runs has. null: nothing has come out yet. */
export function chooseAxes(available: readonly Measure[], wished: Pick<Options, 'x' | 'y'>): Axes | null {
  const named = (id: string) =>
    available.find((measure) => measure.id === id) ?? available.find((measure) => baseOf(measure.id) === id)
  const x = named(wished.x) ?? named('sparsity') ?? named('zeros') ?? available.at(-1)
  // The y axis shows results: a setting there would tell nothing about the runs.
  const outcomes = available.filter(({ better, id }) => better !== null && id !== 'sparsity' && id !== 'zeros')
  const usual = named('perplexity') ?? named('accuracy')
  const y = named(wished.y) ?? usual ?? outcomes.find((one) => one !== x) ?? outcomes.at(0)
  return x && y ? { x, y } : null
}
