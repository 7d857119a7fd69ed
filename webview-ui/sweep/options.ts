// The view options, which survive a reload and are null where the user has chosen nothing, and the axes that follow from them.
import { type CurveName, curveNames } from '../../src/runs/series/curves.ts'
import type { Filter } from '../shared/filterField.tsx'
import type { KeptTable } from '../shared/tableState.ts'
import { baseOf, type Measure } from '../../src/runs/compared/measures.ts'

const defaults = {
  /** Whether runs that differ only by their seed are combined. */
  fold: true,
  /** Whether rows are grouped by model. */
  group: null as boolean | null,
  /** Identifiers of measures; empty: not chosen. */
  x: '',
  y: '',
  logX: false,
  logY: null as boolean | null,
  /** Paths of settings, '' for none. */
  colour: null as string | null,
  shape: null as string | null,
  curve: null as CurveName | null,
  curveLogX: false,
  curveLogY: null as boolean | null,
  smoothing: null as number | null,
  filter: { text: '', regex: false } as Filter,
}
export type Options = Readonly<typeof defaults>

/** The saved state of the view, possibly from another version. */
export interface Kept {
  readonly options?: Partial<Options>
  readonly table?: Partial<KeptTable>
  /** Keys of runs. */
  readonly selected?: readonly string[]
}

export function storedOptions({ options }: Kept): Options {
  const all = { ...defaults, ...options }
  return { ...all, curve: curveNames.find((name) => name === all.curve) ?? null }
}

/** The measures of the axes: the chosen ones, where the runs have them. */
export interface Axes {
  readonly x: Measure
  readonly y: Measure
}

/** `available`: measures that any of the runs has. null: there is no result yet. */
export function chooseAxes(available: readonly Measure[], wished: Pick<Options, 'x' | 'y'>): Axes | null {
  const named = (id: string) =>
    available.find((measure) => measure.id === id) ?? available.find((measure) => baseOf(measure.id) === id)
  const x = named(wished.x) ?? named('sparsity') ?? named('zeros') ?? available.at(-1)
  // The y axis shows results; a setting there would show nothing about the runs.
  const outcomes = available.filter(({ better, id }) => better !== null && id !== 'sparsity' && id !== 'zeros')
  const usual = named('perplexity') ?? named('accuracy')
  const y = named(wished.y) ?? usual ?? outcomes.find((one) => one !== x) ?? outcomes.at(0)
  return x && y ? { x, y } : null
}
