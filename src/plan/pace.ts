// Times as ranges, and in words.

/** By what to multiply planned seconds, at least and at most. */
export interface Pace {
  readonly low: number
  readonly high: number
  /** Number of finished runs that say so. */
  readonly runs: number
}

/** By rates that were measured here: most forecasts came within a fifth, the worst within a third, and other programs may slow a run down. */
export const measuredPace: Pace = { low: 0.7, high: 1.4, runs: 0 }

/** By rates of another machine: good to a factor of about two. */
export const unknownPace: Pace = { low: 0.5, high: 2, runs: 0 }

/** In the middle of the range. */
export function likelySeconds(planned: number, { low, high }: Pace): number {
  return planned * Math.sqrt(low * high)
}

export function likelyDuration(planned: number, { low, high }: Pace): string {
  return durationRange([planned * low, planned * high])
}

/** Seconds → `6–9 min`, `40 s – 2 min`, `8 min`: in the unit of the larger one, where the smaller is at least one of it. */
export function durationRange([least, most]: readonly [least: number, most: number]): string {
  const unit = unitOf(most)
  if (least < unit.seconds && unit !== second) return `${roughDuration(least)} – ${roughDuration(most)}`
  const [from, to] = [least, most].map((seconds) => inUnit(seconds, unit))
  return `${from === to ? '' : `${from}–`}${to} ${unit.name}`
}

/** `40 s`, `6 min`, `3.5 h`. */
export function roughDuration(seconds: number): string {
  const unit = unitOf(seconds)
  return `${inUnit(seconds, unit)} ${unit.name}`
}

interface Unit {
  readonly name: string
  readonly seconds: number
  /** Seconds from which it is used. */
  readonly from: number
}

const units: readonly Unit[] = [
  { name: 'days', seconds: 86_400, from: 172_800 },
  { name: 'h', seconds: 3600, from: 5400 },
  { name: 'min', seconds: 60, from: 90 },
]
const second: Unit = { name: 's', seconds: 1, from: 0 }

function unitOf(seconds: number): Unit {
  return units.find(({ from }) => seconds >= from) ?? second
}

function inUnit(seconds: number, unit: Unit): string {
  const count = seconds / unit.seconds
  if (unit.name === 'h' && count < 10) return count.toFixed(1)
  return String(Math.max(1, Math.round(count)))
}
