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
