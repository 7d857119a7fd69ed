// Sizes in bytes as people write them.

const units: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
}

/** Bytes of `5GB`, `500 MiB` or `1000`; null when it is no size. Decimal units are powers of 1000, as in transformers. */
export function parseSize(text: string): number | null {
  const match = /^(\d{1,15}(?:\.\d{1,6})?)\s*([KMGT]?I?B)?$/i.exec(text.trim())
  if (!match) return null
  const unit = units[(match[2] ?? '').toUpperCase()]
  if (unit === undefined) return null
  const bytes = Math.floor(Number(match[1]) * unit)
  return bytes > 0 ? bytes : null
}

export function isSize(text: string): boolean {
  return parseSize(text) !== null
}

/** `1.9 GiB` for people: three significant digits, binary units. */
export function formatBytes(bytes: number): string {
  let value = bytes
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024)
      return `${unit === 'B' || value >= 100 ? Math.round(value) : value.toPrecision(value < 10 ? 2 : 3)} ${unit}`
    value /= 1024
  }
  return `${value.toPrecision(3)} TiB`
}
