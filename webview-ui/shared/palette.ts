// Colour scales that survive colour blindness and printing: perceptually even, lightness rising with the value.
import { interpolateCividis, interpolateGreys, interpolateRdYlBu, interpolateViridis } from 'd3-scale-chromatic'

export type PaletteName = 'viridis' | 'cividis' | 'greys'

const sequential: Record<PaletteName, (share: number) => string> = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  greys: (share) => interpolateGreys(0.15 + 0.8 * share),
}

export function sequentialColour(palette: PaletteName, share: number): string {
  return sequential[palette](Math.min(1, Math.max(0, share)))
}

/** −1 (orange-red) … 0 (pale) … 1 (blue). */
export function divergingColour(value: number): string {
  return interpolateRdYlBu((Math.min(1, Math.max(-1, value)) + 1) / 2)
}

/** Black or white, whichever reads better on the colour ("rgb(…)" or "#rrggbb"). */
export function inkOn(colour: string): string {
  const [r, g, b] = rgbOf(colour)
  return 0.299 * r + 0.587 * g + 0.114 * b > 140 ? '#000000' : '#ffffff'
}

export function rgbOf(colour: string): [number, number, number] {
  if (colour.startsWith('#')) {
    const hex = parseInt(colour.slice(1, 7), 16)
    return [hex >> 16, (hex >> 8) & 255, hex & 255]
  }
  const [r = 0, g = 0, b = 0] = colour.match(/[\d.]+/g)?.map(Number) ?? []
  return [r, g, b]
}
