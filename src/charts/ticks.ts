// Ticks as a person would choose them: round numbers, whole ones where only whole ones mean something, no label twice.
import { ticks as linearTicks } from 'd3-array'

export interface TickRule {
  log: boolean
  /** Steps and blocks: there is nothing between two of them. */
  whole: boolean
}

/** Round numbers in [low, high], about `count` of them. */
export function ticksIn(low: number, high: number, count: number, { log, whole }: TickRule): number[] {
  const found = log ? logTicks(low, high, count) : linearTicks(low, high, count)
  return whole ? found.filter(Number.isInteger) : found
}

const enough = 3
const factorSets = [[1], [1, 2, 5], [1, 2, 3, 4, 5, 6, 7, 8, 9]]

/** Powers of ten where there are enough of them, else also their multiples, else what a linear axis would have. */
function logTicks(low: number, high: number, count: number): number[] {
  for (const factors of factorSets) {
    const found = multiples(low, high, factors)
    // Unevenly spaced multiples read badly when some are left out: rather a few more.
    const every = Math.ceil(found.length / (1.6 * Math.max(enough, count)))
    if (found.length >= enough) return found.filter((_, i) => i % every === 0)
  }
  return linearTicks(low, high, count).filter((tick) => tick > 0)
}

function multiples(low: number, high: number, factors: readonly number[]): number[] {
  const found: number[] = []
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++) {
    for (const factor of factors) {
      // The number is made from text, so that 3 · 10⁻⁵ is exactly what is written so.
      const value = Number(`${factor}e${power}`)
      if (value >= low && value <= high) found.push(value)
    }
  }
  return found
}

const plain = new Intl.NumberFormat('en-US', { maximumFractionDigits: 12 })
const [tiny, huge] = [1e-3, 1e7]

/** 27.5, 12,000; powers of ten only where the zeros could not be counted: 2e-5. One axis does not mix 0.001 and 5e-4. */
export function tickLabels(ticks: readonly number[]): string[] {
  const sizes = ticks.map(Math.abs).filter((size) => size > 0)
  const allSmall = sizes.every((size) => size < 10 * tiny) && sizes.some((size) => size < tiny)
  return ticks.map((tick) => {
    const size = Math.abs(tick)
    if (size === 0 || (!allSmall && size >= tiny && size < huge)) return plain.format(tick)
    return Number(tick.toPrecision(12)).toExponential().replace('e+', 'e')
  })
}
