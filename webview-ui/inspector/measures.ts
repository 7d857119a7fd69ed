// Measures that colour the map: one number per matrix, and the mapping of numbers to the colour scale.
import { allocationNames, allocationOf } from '../../src/catalog/allocations/allocations.ts'
import type { MeasuredModule } from '../../src/plan/analysis.ts'
import { methodNames, methodOf } from '../../src/catalog/methods/methods.ts'
import { moduleOfWeight } from '../../src/catalog/families/parameters.ts'
import { formatRequested, formatShare, formatValue } from '../../src/formatting/numbers.ts'
import type { MeasuredRoom, TensorRow, TensorStats } from '../../src/protocol/inspect.ts'
import { kindSoFar } from './summary.ts'

/** Everything measured on a checkpoint's matrices. */
export interface Known {
  readonly stats: ReadonlyMap<string, TensorStats>
  /** By module name, without `.weight`. */
  readonly analysis: ReadonlyMap<string, MeasuredModule>
  /** Loss of the dense model, where sensitivities were measured. */
  readonly denseLoss: number | null
  /** By tensor: the error that swaps in its mask would remove, recorded by the run that pruned it or measured from this page. */
  readonly certificates?: Readonly<Record<string, MeasuredRoom>>
}

export interface Measure {
  readonly id: string
  readonly title: string
  /** The number of one matrix; null: not computed, or undefined for this matrix. */
  readonly of: (tensor: TensorRow, known: Known) => number | null
  readonly text: (value: number) => string
  /**
   * `share` runs between two multiples of 10 %. The others run from the least to the greatest value; `log` is linear if the least is
   * not positive.
   */
  readonly scale: 'share' | 'linear' | 'log'
  readonly group: 'Weights' | 'Masks' | 'Inputs' | 'Error if pruned' | 'Sensitivity'
  /** A sentence on what the numbers do not show. */
  readonly caution?: string
}

const ofStats = (pick: (stats: TensorStats) => number | null | undefined): Measure['of'] => {
  return (tensor, { stats }) => {
    const found = stats.get(tensor.name)
    return found ? (pick(found) ?? null) : null
  }
}
const ofAnalysis = (pick: (module: MeasuredModule) => number | null | undefined): Measure['of'] => {
  return (tensor, { analysis }) => {
    const found = analysis.get(moduleOfWeight(tensor.name))
    return found ? (pick(found) ?? null) : null
  }
}

export const sparsityMeasure: Measure = {
  id: 'sparsity',
  title: 'Exact zeros',
  of: ofStats(({ sparsity }) => sparsity),
  text: formatShare,
  scale: 'share',
  group: 'Weights',
}

const sizeMeasure: Measure = {
  id: 'meanAbs',
  title: 'Mean |w|',
  of: ofStats(({ meanAbs }) => meanAbs),
  text: formatValue,
  scale: 'linear',
  group: 'Weights',
}

const spreadMeasure: Measure = {
  id: 'std',
  title: 'Std. dev. of the weights',
  of: ofStats(({ std }) => std),
  text: formatValue,
  scale: 'log',
  group: 'Weights',
}

const ofValues: Measure[] = [
  sparsityMeasure,
  sizeMeasure,
  spreadMeasure,
  {
    id: 'kurtosis',
    title: 'Kurtosis of the weights (normal: 3)',
    of: ofStats((s) => s.kurtosis),
    text: formatValue,
    scale: 'log',
    group: 'Weights',
  },
  {
    id: 'outliers',
    title: 'Outlier weights (beyond 4 standard deviations)',
    of: ofStats((s) => s.outliers),
    text: formatShare,
    scale: 'linear',
    group: 'Weights',
  },
]

const ofMasks: Measure[] = [
  {
    id: 'room',
    title: 'Room by one swap',
    of: ({ name }, { certificates }) => certificates?.[name]?.room ?? null,
    text: formatShare,
    scale: 'linear',
    group: 'Masks',
    caution:
      'The share of the output error that the best swap of each row would remove, before recovery. It does not show which matrix would improve the model most.',
  },
  {
    id: 'rowsWithoutRoom',
    title: 'Rows that no swap helps',
    of: ({ name }, { certificates }) => certificates?.[name]?.rows_without_room ?? null,
    text: formatShare,
    scale: 'share',
    group: 'Masks',
  },
]

/** Statistics that allocations use. */
const byAllocation = allocationNames.flatMap((name): Measure[] => {
  const { shown } = allocationOf(name)
  if (!shown) return []
  const { title, of } = shown
  return [
    { id: name, title, of: ofAnalysis((m) => m.activation?.[of]), text: formatValue, scale: 'linear', group: 'Inputs' },
  ]
})

const ofInputs: Measure[] = [
  {
    id: 'input',
    title: 'Size of the input (root mean square)',
    of: ofAnalysis((m) => m.activation?.norm),
    text: formatValue,
    scale: 'log',
    group: 'Inputs',
  },
  ...byAllocation,
  {
    id: 'rank',
    title: 'Effective rank of the input',
    of: ofAnalysis((m) => m.activation?.effective_rank),
    text: formatValue,
    scale: 'log',
    group: 'Inputs',
  },
]

const ofOneAlone =
  'Each matrix is measured by itself: use this to compare methods and sparsities. The loss added when only one block is pruned shows which blocks the model needs most.'

const sensitivity: Measure = {
  id: 'sensitivity',
  title: 'Loss added when only this is pruned',
  of: (tensor, known) => {
    const loss = known.analysis.get(moduleOfWeight(tensor.name))?.sensitivity ?? null
    return loss === null || known.denseLoss === null ? null : loss - known.denseLoss
  },
  text: formatValue,
  scale: 'linear',
  group: 'Sensitivity',
}

/** An analysis made by another version may name an unknown method. */
function methodTitle(name: string): string {
  const known = methodNames.find((method) => method === name)
  return known ? methodOf(known).title : name
}

/** Measures that every scan computes, and those that have been measured for some matrix. */
export function measuresOf({ analysis, certificates = {} }: Known): Measure[] {
  const modules = [...analysis.values()]
  const always = Object.keys(certificates).length > 0 ? [...ofValues, ...ofMasks] : ofValues
  if (modules.length === 0) return always
  const errors = modules.find((module) => module.errors.length > 0)?.errors ?? []
  return [
    ...always,
    ...ofInputs,
    ...errors.map(({ method, sparsity, pattern }): Measure => {
      const amount = pattern === 'unstructured' ? formatRequested(sparsity) : pattern
      const same = (one: { method: string; sparsity: number; pattern: string }) =>
        one.method === method && one.sparsity === sparsity && one.pattern === pattern
      return {
        id: `error ${method} ${amount}`,
        title: `Output lost by ${methodTitle(method)} at ${amount}`,
        of: ofAnalysis((module) => module.errors.find(same)?.error),
        text: formatShare,
        scale: 'log',
        group: 'Error if pruned',
        caution: ofOneAlone,
      }
    }),
    ...(modules.some((module) => module.sensitivity !== null) ? [sensitivity] : []),
  ]
}

/** For a dense model, the cost of pruning if it was measured, else mean |w|. Exact zeros for other models or while nothing is counted. */
export function defaultMeasure(measures: readonly Measure[], known: Known, tensors: readonly TensorRow[]): Measure {
  if (kindSoFar(tensors, known.stats) !== 'dense') return sparsityMeasure
  const ofGroup = (name: Measure['group']) => measures.find(({ group }) => group === name)
  return ofGroup('Sensitivity') ?? ofGroup('Error if pruned') ?? sizeMeasure
}

/** Mean over the matrices of a cell, weighted by size; null until every matrix has a number. */
export function cellValue(cell: readonly TensorRow[], measure: Measure, known: Known): number | null {
  let [sum, size] = [0, 0]
  for (const tensor of cell) {
    const value = measure.of(tensor, known)
    if (value === null) return null
    sum += value * tensor.parameters
    size += tensor.parameters
  }
  return size === 0 ? null : sum / size
}

/** Maps numbers to 0 … 1, with the labels of both ends. */
export interface MeasureScale {
  readonly place: (value: number) => number
  readonly low: string
  readonly high: string
}

export function scaleOf(measure: Measure, values: readonly number[]): MeasureScale {
  if (measure.scale === 'share') return shareScale(values)
  const [least, most] = [Math.min(...values), Math.max(...values)]
  if (values.length === 0) return { place: () => 0, low: '', high: '' }
  const inLogs = measure.scale === 'log' && least > 0
  const at = (value: number) => (inLogs ? Math.log(value) : value)
  const range = at(most) - at(least)
  const place = (value: number) => (range > 0 ? (at(value) - at(least)) / range : 0.5)
  return { place, low: measure.text(least), high: `${measure.text(most)}${inLogs ? ' (log scale)' : ''}` }
}

/** Ends at multiples of 10 %, at least 20 % apart, so that nearly equal shares have nearly equal colours. */
function shareScale(values: readonly number[]): MeasureScale {
  let [low, high] =
    values.length === 0 ? [0, 10] : [Math.floor(10 * Math.min(...values)), Math.ceil(10 * Math.max(...values))]
  while (high - low < 2) [low, high] = [Math.max(0, low - 1), Math.min(10, high + 1)]
  return { place: (value) => (10 * value - low) / (high - low), low: `${10 * low} %`, high: `${10 * high} %` }
}
