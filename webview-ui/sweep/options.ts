// How a person looks at the runs: kept over a reload, null where they have not chosen.
import { curveNames, type CurveName } from '../../src/runs/series/curves.ts'
import type { Filter } from '../shared/filter.ts'
import type { KeptTable } from '../shared/tableState.ts'

export interface Options {
  /** Runs that differ only by their seed are one. */
  fold: boolean
  /** Rows stand below their model's name. */
  group: boolean | null
  /** Identifiers of measures; empty: not chosen. */
  x: string
  y: string
  logX: boolean
  logY: boolean | null
  /** Paths of settings, '' for none. */
  colour: string | null
  shape: string | null
  curve: CurveName | null
  curveLogX: boolean
  curveLogY: boolean | null
  smoothing: number | null
  filter: Filter
}

const defaults: Options = {
  fold: true,
  group: null,
  x: '',
  y: '',
  logX: false,
  logY: null,
  colour: null,
  shape: null,
  curve: null,
  curveLogX: false,
  curveLogY: null,
  smoothing: null,
  filter: { text: '', regex: false },
}

/** What the view keeps, and what another version of it may have kept. */
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
