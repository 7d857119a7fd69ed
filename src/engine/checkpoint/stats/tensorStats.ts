// Everything the inspector says about one tensor's values.
import type { Histogram, TensorStats } from '../../../protocol/inspect.ts'
import type { Checkpoint, TensorEntry } from '../checkpoint.ts'
import { elementFormat, type ElementFormat } from './elementFormat.ts'
import { rangesOf } from './rowPieces.ts'
import { sumParts, type TallyOptions, tallyTensor, type TensorTally } from './tensorTally.ts'
import type { WeightSpread } from '../../../plan/analysis.ts'
import type { PatternCounts } from './countTable.ts'
import type { Moments, ValueTally } from './valueTally.ts'

export type StatsOptions = Omit<TallyOptions, 'range'>

/** null when the element type can only be listed. @throws EngineError 'cancelled', 'disk' or 'bad-checkpoint'. */
export async function tensorStats(
  checkpoint: Checkpoint,
  entry: TensorEntry,
  options: StatsOptions = {},
): Promise<TensorStats | null> {
  const parts: (TensorTally | null)[] = []
  for (const range of rangesOf(entry, options)) parts.push(await tallyTensor(checkpoint, entry, { ...options, range }))
  return statsOf(entry, parts)
}

/** Statistics of all parts, in the order of their rows; null where they could not be read. */
export function statsOf(entry: TensorEntry, parts: readonly (TensorTally | null)[]): TensorStats | null {
  const format = elementFormat(entry.dtype)
  const read = parts.filter((part) => part !== null)
  if (!format || read.length < parts.length) return null
  const { zeros, parameters, nm, values } = sumParts(read)
  const sparsity = parameters ? zeros / parameters : 0
  return { name: entry.name, zeros, sparsity, ...summariseValues(format, values), nm }
}

/** Minimum, maximum, mean, deviation and histogram of a tensor, from the tally of its values. */
type ValueSummary = Omit<TensorStats, 'name' | 'zeros' | 'sparsity' | 'nm'>

const histogramBins = 64

export function summariseValues(format: ElementFormat, tally: ValueTally): ValueSummary {
  if (format.kind === 'narrow') return ofPatterns(tally.counts, format.decode)
  return tally.moments ? ofMoments(tally, tally.moments) : empty(0)
}

/** Exact: counts of all patterns determine everything. */
function ofPatterns({ patterns, counts }: PatternCounts, decode: (pattern: number) => number): ValueSummary {
  const values = Array.from(patterns, (pattern, i): Counted => ({ value: decode(pattern), count: counts[i] }))
  const finite = values.filter((v) => Number.isFinite(v.value))
  const nonFinite = values.reduce((sum, v) => sum + (Number.isFinite(v.value) ? 0 : v.count), 0)
  if (finite.length === 0) return empty(nonFinite)
  const n = finite.reduce((sum, v) => sum + v.count, 0)
  const mean = finite.reduce((sum, v) => sum + v.value * v.count, 0) / n
  const spread = spreadOf(finite, n, mean)
  const min = finite.reduce((least, v) => Math.min(least, v.value), Infinity)
  const max = finite.reduce((most, v) => Math.max(most, v.value), -Infinity)
  const meanAbs = meanAbsOf(finite, n)
  return { nonFinite, min, max, mean, meanAbs, ...spread, histogram: histogramOf(finite, min, max) }
}

/**
 * Sums in f64; mean |w|, histogram, kurtosis and outliers from counts by sign, exponent and the first 7 bits of the fraction of
 * the distance from the origin, with a relative error of at most 0.4 %. All values are scaled until the end, so that neither squares
 * nor the distance of two values overflow.
 */
function ofMoments({ counts, origin, scale }: ValueTally, moments: Moments): ValueSummary {
  const { nonFinite, count, sum, squares, min, max } = moments
  if (count === 0) return empty(nonFinite)
  const from = origin * scale
  const beyond = sum / count
  const mean = from + beyond
  const std = Math.sqrt(Math.max(0, squares / count - beyond * beyond))
  const counted = middles(counts, from, min * scale, max * scale)
  const { kurtosis, outliers } = spreadOf(counted, count, mean)
  const meanAbs = meanAbsOf(counted, count)
  const { counts: bins } = histogramOf(counted, min * scale, max * scale)
  const whole = { mean: mean / scale, meanAbs: meanAbs / scale, std: std / scale }
  return { nonFinite, min, max, ...whole, kurtosis, outliers, histogram: { from: min, to: max, counts: bins } }
}

interface Counted {
  value: number
  count: number
}

function meanAbsOf(values: readonly Counted[], n: number): number {
  return values.reduce((sum, { value, count }) => sum + Math.abs(value) * count, 0) / n
}

/** Standard deviations from the mean beyond which a value is an outlier. */
const outlierDeviations = 4

/** A tensor of one value has no kurtosis, and no outliers. */
function spreadOf(values: readonly Counted[], n: number, mean: number): WeightSpread {
  let [squares, fourths] = [0, 0]
  for (const { value, count } of values) {
    const square = (value - mean) ** 2
    squares += square * count
    fourths += square ** 2 * count
  }
  const variance = squares / n
  const limit = outlierDeviations ** 2 * variance
  const beyond = values.reduce((sum, v) => sum + ((v.value - mean) ** 2 > limit ? v.count : 0), 0)
  return { std: Math.sqrt(variance), kurtosis: variance > 0 ? fourths / n / variance ** 2 : null, outliers: beyond / n }
}

/** The middle of each pattern's range, clamped to the tensor's range of values. */
function middles({ patterns, counts }: PatternCounts, origin: number, min: number, max: number): Counted[] {
  const bits = new Uint32Array(1)
  const value = new Float32Array(bits.buffer)
  const result: Counted[] = []
  for (let i = 0; i < patterns.length; i++) {
    const pattern = patterns[i]
    const isZero = (pattern & 0x7fff) === 0
    bits[0] = (pattern << 16) | (isZero ? 0 : 0x8000)
    if (Number.isNaN(value[0]) || !Number.isFinite(value[0])) continue
    result.push({ value: Math.min(max, Math.max(min, origin + value[0])), count: counts[i] })
  }
  return result
}

function histogramOf(values: readonly Counted[], from: number, to: number): Histogram {
  const counts = new Array<number>(histogramBins).fill(0)
  const scale = to > from ? histogramBins / (to - from) : 0
  for (const { value, count } of values) {
    counts[Math.min(histogramBins - 1, Math.floor((value - from) * scale))] += count
  }
  return { from, to, counts }
}

function empty(nonFinite: number): ValueSummary {
  const none = { min: null, max: null, mean: null, meanAbs: null, std: null, kurtosis: null, outliers: null }
  return { nonFinite, ...none, histogram: null }
}
