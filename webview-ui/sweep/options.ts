// How a person looks at the runs: kept over a reload, null where they have not chosen.
import { curveNames, type CurveName } from '../../src/shared/series/curves.ts'
import type { Filter } from '../shared/filter.ts'
import type { SortOrder } from '../shared/tableOrder.ts'

export interface Options {
  fold: boolean
  /** Identifiers of measures. */
  x: string
  y: string
  logX: boolean | null
  logY: boolean | null
  /** Paths of settings, '' for none. */
  colour: string | null
  shape: string | null
  curve: CurveName | null
  curveLogX: boolean
  curveLogY: boolean | null
  smoothing: number | null
  filter: Filter
  order: SortOrder | null
  widths: Record<string, number>
  /** Runs by their place. */
  selected: number[]
}

export const defaults: Options = {
  fold: true,
  x: 'sparsity',
  y: 'perplexity',
  logX: null,
  logY: null,
  colour: null,
  shape: null,
  curve: null,
  curveLogX: false,
  curveLogY: null,
  smoothing: null,
  filter: { text: '', regex: false },
  order: null,
  widths: {},
  selected: [],
}

export function storedOptions(stored: unknown): Options {
  const options = { ...defaults, ...(typeof stored === 'object' ? (stored as Partial<Options>) : {}) }
  return { ...options, curve: curveNames.find((name) => name === options.curve) ?? null }
}
