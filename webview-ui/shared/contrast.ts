// Contrast as WCAG 2 computes it (w3.org/TR/WCAG22, "contrast ratio"): 1 for equal colours, 21 for black on white.

export function rgbOf(colour: string): [number, number, number] {
  if (colour.startsWith('#')) {
    const hex = parseInt(colour.slice(1, 7), 16)
    return [hex >> 16, (hex >> 8) & 255, hex & 255]
  }
  const [r = 0, g = 0, b = 0] = colour.match(/[\d.]+/g)?.map(Number) ?? []
  return [r, g, b]
}

/** The contrast ratio of two colours, 1 to 21, given as "rgb(…)" or "#rrggbb" (WCAG 2.2, "contrast ratio"). */
export function contrast(a: string, b: string): number {
  const [darker, lighter] = [luminance(a), luminance(b)].sort((x, y) => x - y)
  return (lighter + 0.05) / (darker + 0.05)
}

/** Relative luminance of sRGB, 0 (black) to 1 (white). */
function luminance(colour: string): number {
  const [r, g, b] = rgbOf(colour).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

/** Where black and white are read equally well: (L + 0.05) / 0.05 = 1.05 / (L + 0.05). */
const middle = Math.sqrt(1.05 * 0.05) - 0.05

/** Black or white, whichever reads better on the colour. */
export function inkOn(colour: string): string {
  return luminance(colour) >= middle ? '#000000' : '#ffffff'
}
