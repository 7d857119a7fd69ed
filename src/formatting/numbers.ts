// Numbers for people, in one place: every view, tree and message writes counts, shares, times and sizes the same way.

const grouped = new Intl.NumberFormat('en-US')
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 2 })

export function formatCount(value: number): string {
  return grouped.format(value)
}

/** 1234567 → "1.23M". */
export function formatCompact(value: number): string {
  return compact.format(value)
}

/** Share → "50.00 %". A share between 0 and 1 is never shown as 0 % or 100 %. null is a share of nothing. */
export function formatShare(share: number | null, digits = 2): string {
  if (share === null) return '–'
  if (share === 0) return '0 %'
  if (share === 1) return '100 %'
  const smallest = 10 ** -digits
  const percent = share * 100
  if (percent < smallest) return `< ${smallest} %`
  if (share < 1 && percent > 100 - smallest / 2) return `> ${(100 - smallest).toFixed(digits)} %`
  return `${percent.toFixed(digits)} %`
}

/** A share that the user asked for, as short as it was written: "70 %", "62.5 %". */
export function formatRequested(share: number): string {
  return `${Number((100 * share).toPrecision(4))} %`
}

/** Trained numbers as a percentage of the model's own, down to hundredths. Adapters may be more than the model: "13.6 ×". */
export function formatTrained(percentage: number, digits = 4): string {
  const value = percentage > 100 ? percentage / 100 : percentage
  return `${Number(value.toPrecision(percentage > 100 ? 3 : digits))} ${percentage > 100 ? '×' : '%'}`
}

/** Seconds → "42 s", "3 min 05 s", "2 h 10 min". */
export function formatDuration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return `${minutes} min ${String(whole % 60).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** Seconds → "40 s", "6 min", "3.5 h", "3 days". */
export function roughDuration(seconds: number): string {
  if (seconds < 90) return `${Math.max(1, Math.round(seconds))} s`
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`
  const hours = seconds / 3600
  if (hours >= 48) return `${Math.round(hours / 24)} days`
  return `${hours < 10 ? hours.toFixed(1) : Math.round(hours)} h`
}

/** Four significant digits. null and NaN are shown as NaN, undefined as a dash. */
export function formatValue(value: number | null | undefined): string {
  if (value === undefined) return '–'
  if (value === null || Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  if (value === 0) return '0'
  const size = Math.abs(value)
  return size >= 1e5 || size < 1e-3 ? value.toExponential(2) : String(Number(value.toPrecision(4)))
}

/** Significant digits of the smallest number of a column, and the most that its largest may take. */
const [digitsOfSmallest, digitsOfLargest] = [4, 6]

/** Writes the numbers of a column with the same decimals; those far beyond the others are written as `formatValue` does. */
export function columnFormat(values: readonly number[]): (value: number) => string {
  const isPlain = (value: number) => /^-?\d[\d.]*$/.test(formatValue(value))
  const sizes = values
    .filter((value) => value !== 0 && isPlain(value))
    .map((value) => Math.floor(Math.log10(Math.abs(value))))
  const wanted = digitsOfSmallest - 1 - Math.min(...sizes)
  const decimals = Math.max(0, Math.min(wanted, digitsOfLargest - 1 - Math.max(...sizes)))
  return (value) => (isPlain(value) && Number.isFinite(decimals) ? value.toFixed(decimals) : formatValue(value))
}

/** Writes the percentages of a column with the same decimals, as many as one of them needs. */
export function percentColumn(values: readonly number[]): (value: number) => string {
  const plain = columnFormat(values)
  const needed = (text: string) => /^-?\d+\.(\d*[1-9])0*$/.exec(text)?.[1].length ?? 0
  const decimals = Math.max(0, ...values.map((value) => needed(plain(value))))
  return (value) => {
    const text = plain(value)
    return `${/^-?\d+\.\d+$/.test(text) ? value.toFixed(decimals) : text} %`
  }
}

/** A difference: `size`, its written absolute value, with the sign of `value`; one that is written as 0 has no sign. */
export function withSign(size: string, value: number): string {
  return /[1-9∞]/.test(size) ? `${value < 0 ? '−' : '+'}${size}` : size
}

export function formatShape(shape: readonly number[]): string {
  return shape.length === 0 ? 'scalar' : shape.join(' × ')
}

/** Share of right answers with its standard error: "49.5 % ± 3.5". null: unknown, as for a single answer. */
export function formatAccuracy(share: number, stderr: number | null): string {
  const percent = (x: number) => (100 * x).toFixed(1)
  return stderr === null ? `${percent(share)} %` : `${percent(share)} % ± ${percent(stderr)}`
}

/** Perplexity with a fixed number of decimals; one that overflows is "∞". */
export function formatPerplexity(value: number, decimals: number): string {
  return Number.isFinite(value) ? value.toFixed(decimals) : formatValue(value)
}

/**
 * Share of the gap between dense and pruned that recovery closed. A share above 1 grows without bound as the gap shrinks:
 * it is written as ">100 %" and its side of dense. `better`: which values of the measure are better.
 */
export function formatWonBack(share: number, better: 'low' | 'high' = 'low'): string {
  if (share > 1) return `>100 % (${better === 'low' ? 'below' : 'above'} dense)`
  return formatPercent(share)
}

/** A share in whole percent, with its sign: "−20 %". */
export function formatPercent(share: number): string {
  // Adding 0 takes the sign from −0.
  return `${String(Math.round(100 * share) + 0).replace('-', '−')} %`
}

// Sizes as people write them: 5GB, 512 MiB, 1.5g, 4096. The decimal units are powers of 1000, those with i of 1024.

const pattern = /^\s*(\d+(?:\.\d+)?)\s*(?:([kmgt])(i?)b?|b)?\s*$/i
const exponent: Record<string, number> = { k: 1, m: 2, g: 3, t: 4 }

/** Whole bytes, or null when the text is no size. */
export function parseByteSize(text: string): number | null {
  const match = pattern.exec(text)
  if (!match) return null
  const [, digits, unit, binary] = match
  const factor = unit ? (binary ? 1024 : 1000) ** exponent[unit.toLowerCase()] : 1
  const bytes = Math.floor(Number(digits) * factor)
  return Number.isSafeInteger(bytes) ? bytes : null
}

/** The bytes of a MB, in which reports, events and tables count memory. */
export const megabyte = 1e6

/** A size for people, in decimal units and three digits: 1.23 GB. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']
  let value = bytes
  let i = 0
  while (value >= 999.5 && i < units.length - 1) {
    value /= 1000
    i++
  }
  return i === 0 ? `${value} B` : `${Number(value.toPrecision(3))} ${units[i]}`
}

/** A number and what it counts: "1 tensor", "2 tensors". `many`: the plural where it is not made by an s. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}
