// Perceptually even colour scales, suited to colour-blind readers and print: lightness changes steadily along each sequential scale.
// They are sampled from d3-scale-chromatic and interpolated linearly, because that library would make a page a fifth larger.

export type PaletteName = 'viridis' | 'cividis' | 'greys'

const samples = {
  viridis: samplesOf(
    '440154470d6048186a482374472d7b4537814240863e49893b528b375b8d33638d2f6b8e2c728e297a8e26828e23898e' +
      '21918c1f988b1fa08822a78528ae8032b67a3fbc734ec36b5ec96270cf5784d44b98d83eaddc30c2df23d8e219ece51b' +
      'fde725',
  ),
  cividis: samplesOf(
    '002051012b6511366c26426e3c4d6e51586e62646f7270717f7c758c88779a9478a9a177bbaf71cebd68e2cb5cf3da4f' + 'fdea45',
  ),
  greys: samplesOf(
    'fffffff7f7f7efefefe4e4e4d8d8d8cbcbcbbbbbbba9a9a99797978585857373736262625050503b3b3b262626131313' + '000000',
  ),
  redBlue: samplesOf(
    '67001f941127b82d35d1574be48268f3aa8cfaccb4fae4d8f2efeedeebf2bfdceb98c7df6bacd0448ec12a71ae17518e' + '053061',
  ),
}

/** `hex`: red, green and blue of colours at equal distances, two digits each. */
function samplesOf(hex: string): number[][] {
  const bytes = (colour: string) => [0, 2, 4].map((at) => parseInt(colour.slice(at, at + 2), 16))
  return (hex.match(/.{6}/g) ?? []).map(bytes)
}

function between(colours: readonly number[][], share: number): string {
  const place = Math.min(1, Math.max(0, share)) * (colours.length - 1)
  const low = Math.min(colours.length - 2, Math.floor(place))
  const channel = (from: number, i: number) => Math.round(from + (place - low) * (colours[low + 1][i] - from))
  return `rgb(${colours[low].map(channel).join(', ')})`
}

export function sequentialColour(palette: PaletteName, share: number): string {
  const within = Math.min(1, Math.max(0, share))
  return between(samples[palette], palette === 'greys' ? 0.15 + 0.8 * within : within)
}

/** −1 (red) … 0 (pale) … 1 (blue). */
export function divergingColour(value: number): string {
  return between(samples.redBlue, (value + 1) / 2)
}

/** The colour of exact zeros in a matrix, distinct from pale values and from the background of every theme. */
export const zeroColour = '#7d7d7d'

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

/** The luminance L with equal contrast to black and to white: (L + 0.05) / 0.05 = 1.05 / (L + 0.05). */
const middle = Math.sqrt(1.05 * 0.05) - 0.05

/** Black or white, whichever reads better on the colour. */
export function inkOn(colour: string): string {
  return luminance(colour) >= middle ? '#000000' : '#ffffff'
}
