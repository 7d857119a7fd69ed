// Colour scales that survive colour blindness and printing: perceptually even, lightness rising with the value.
import { interpolateCividis, interpolateGreys, interpolateRdBu, interpolateViridis } from 'd3-scale-chromatic'

export type PaletteName = 'viridis' | 'cividis' | 'greys'

const sequential: Record<PaletteName, (share: number) => string> = {
  viridis: interpolateViridis,
  cividis: interpolateCividis,
  greys: (share) => interpolateGreys(0.15 + 0.8 * share),
}

export function sequentialColour(palette: PaletteName, share: number): string {
  return sequential[palette](Math.min(1, Math.max(0, share)))
}

/** −1 (red) … 0 (pale) … 1 (blue). */
export function divergingColour(value: number): string {
  return interpolateRdBu((Math.min(1, Math.max(-1, value)) + 1) / 2)
}

/** The colour of exact zeros in a matrix, which is apart from the pale values beside them, and from the background of every theme. */
export const zeroColour = '#7d7d7d'
