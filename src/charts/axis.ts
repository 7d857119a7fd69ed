// Maps values to places in the picture, with a margin around them; a single value and equal values have an axis too.
import { extent } from 'd3-array'
import { tickLabels, ticksIn, type TickRule } from './ticks.ts'

export interface Axis {
  /** Pixel of a value. On a log axis of whole numbers 0, before the first, stands at 1. */
  at(value: number): number
  /** Value of a pixel. */
  valueAt(pixel: number): number
  ticks: { value: number; label: string }[]
}

const air = 0.04

/** `values` are what has to be in sight; without any there is nothing to number. */
export function makeAxis(values: readonly number[], range: [number, number], count: number, rule: TickRule): Axis {
  const placed = rule.log && rule.whole ? values.map((value) => Math.max(1, value)) : values
  const usable = placed.filter((value) => Number.isFinite(value) && (!rule.log || value > 0))
  const domain = domainOf(usable, rule)
  const [along, back] = rule.log ? [Math.log, Math.exp] : [Number, Number]
  const [low, high] = domain.map((value) => along(value))
  const [from, to] = range
  const ticks = usable.length === 0 ? [] : ticksIn(...domain, count, rule)
  const labels = tickLabels(ticks)
  return {
    at(value) {
      const share = (along(rule.log && rule.whole ? Math.max(1, value) : value) - low) / (high - low)
      return from + share * (to - from)
    },
    valueAt: (pixel) => back(low + ((pixel - from) / (to - from)) * (high - low)),
    ticks: ticks.map((value, i) => ({ value, label: labels[i] })),
  }
}

function domainOf(usable: readonly number[], { log, whole }: TickRule): [number, number] {
  const [low, high] = extent(usable)
  if (low === undefined || high === undefined) return log ? [1, 10] : [0, 1]
  // Apart by more than rounding: below that no two ticks would read differently.
  if (high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high))) {
    if (!log) return [low - air * (high - low), high + air * (high - low)]
    const factor = (high / low) ** air
    return [low / factor, high * factor]
  }
  if (log) return [low / 1.25, low * 1.25]
  if (whole) return [low - 0.5, low + 0.5]
  return low === 0 ? [0, 1] : [low - Math.abs(low) / 10, low + Math.abs(low) / 10]
}
