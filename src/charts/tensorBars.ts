// The bars of one tensor: the histogram of its weights, and the place of its zeros.
import { formatCompact, formatShare, formatValue } from '../formatting/numbers.ts'
import type { BarsData } from './drawBars.ts'

/** Counts in bins of equal width between `from` and `to`. */
interface Histogram {
  readonly from: number
  readonly to: number
  readonly counts: readonly number[]
}

/** `zeros`: how many of the weights are exactly 0. */
export function histogramBars({ from, to, counts }: Histogram, zeros: number, title: string): BarsData {
  // Computed from halves, because `to - from` overflows for numbers near the limits of f64.
  const edge = (i: number) => 2 * (from / 2 + (to / 2 - from / 2) * (i / counts.length))
  return {
    title,
    xLabel: 'weight',
    yLabel: 'weights in a bin (height: square root)',
    range: [from, to],
    roots: true,
    markedMeans: 'the bin of the exact zeros',
    bars: counts.map((count, i) => ({
      name: `${formatValue(edge(i))} to ${formatValue(edge(i + 1))}`,
      value: count,
      text: formatCompact(count),
      marked: zeros > 0 && edge(i) <= 0 && edge(i + 1) > 0,
    })),
  }
}

/** `labels` name single bars; without them, bars are equal parts of `size` rows or columns. `what`: "rows". */
export function profileBars(
  title: string,
  sparsity: readonly number[],
  { what, size, labels }: { what: string; size: number; labels?: readonly string[] },
): BarsData {
  const edge = (i: number) => Math.round((size * i) / sparsity.length)
  const nameOf = (i: number) => labels?.[i] ?? `${what} ${edge(i)} to ${edge(i + 1) - 1}`
  return {
    title,
    xLabel: what,
    yLabel: 'zeros',
    percent: true,
    top: 1,
    ...(labels ? {} : { range: [0, size] as const }),
    bars: sparsity.map((share, i) => ({ name: nameOf(i), value: share, text: formatShare(share) })),
  }
}

/** Share of the error that swaps would remove, for the rows in each of some equal parts. */
export function roomBars(shares: readonly number[], rows: number): BarsData {
  const bars = profileBars('Room by row', shares, { what: 'rows', size: rows })
  return { ...bars, yLabel: 'room by one swap', top: Math.max(...shares) || 1 }
}

/** "rows: 48.1 % to 52.3 % exact zeros"; with `labels`, also the names of the two bars. */
export function profileCaption(what: string, sparsity: readonly number[], labels?: readonly string[]): string {
  const ends = [Math.min(...sparsity), Math.max(...sparsity)]
  const [low, high] = ends.map((end) => formatShare(end) + (labels ? ` (${labels[sparsity.indexOf(end)]})` : ''))
  return `${what}: ${low} to ${high} exact zeros`
}
