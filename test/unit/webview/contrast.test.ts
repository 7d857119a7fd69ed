// Contrasts of WCAG 2: 4.5 for text (1.4.3), 3 for what has a meaning in a picture (1.4.11).
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { interpolateCividis, interpolateGreys, interpolateRdBu, interpolateViridis } from 'd3-scale-chromatic'
import { paperInk } from '../../../src/charts/drawChart.ts'
import { seriesStyle, stageColours } from '../../../src/charts/chartData.ts'
import {
  contrast,
  inkOn,
  rgbOf,
  divergingColour,
  sequentialColour,
  zeroColour,
} from '../../../webview-ui/shared/palette.ts'
import { themes } from '../../webview/harness/themes.ts'

const hundred = Array.from({ length: 101 }, (_, i) => i / 100)
const palettes = {
  viridis: (share: number) => sequentialColour('viridis', share),
  cividis: (share: number) => sequentialColour('cividis', share),
  greys: (share: number) => sequentialColour('greys', share),
  diverging: (share: number) => divergingColour(2 * share - 1),
}

function assertContrast(least: number, what: string, colour: string, background: string): void {
  const ratio = contrast(colour, background)
  assert.ok(ratio >= least, `${what}: ${colour} on ${background} has ${ratio.toFixed(2)}, not ${least}`)
}

describe('colour scales', () => {
  const theirs = {
    viridis: interpolateViridis,
    cividis: interpolateCividis,
    greys: (share: number) => interpolateGreys(0.15 + 0.8 * share),
    diverging: interpolateRdBu,
  }
  for (const [name, colour] of Object.entries(theirs))
    it(`${name} is that of d3-scale-chromatic to within three of 255`, () => {
      for (const share of hundred) {
        const [one, other] = [rgbOf(palettes[name as keyof typeof palettes](share)), rgbOf(colour(share))]
        one.forEach((channel, i) => assert.ok(Math.abs(channel - other[i]) <= 3, `${share}: ${one.join()}`))
      }
    })
})

describe('contrast', () => {
  it('is that of WCAG', () => {
    assert.equal(contrast('#000000', '#ffffff'), 21)
    assert.equal(contrast('rgb(53, 183, 121)', '#ffffff').toFixed(2), '2.56')
  })

  for (const [name, colour] of Object.entries(palettes))
    it(`words in cells can be read on all of ${name}`, () => {
      for (const share of hundred) assertContrast(4.5, String(share), inkOn(colour(share)), colour(share))
    })

  for (const [name, { variables }] of Object.entries(themes)) {
    const background = variables['editor-background']
    it(`${name}: series, zeros and what is not computed stand out`, () => {
      const marks = [...Array(6).keys()].map((i): [string, string] => [`series ${i}`, seriesStyle(i).colour])
      marks.push(...Object.entries(stageColours))
      marks.push(['zeros', zeroColour], ['not computed', variables['sparsescope-notComputed']])
      for (const [what, colour] of marks) assertContrast(3, what, colour, background)
    })

    it(`${name}: texts can be read`, () => {
      for (const what of ['foreground', 'descriptionForeground', 'errorForeground'])
        assertContrast(4.5, what, variables[what], background)
    })
  }

  it('dense, pruned and recovered have the same colours on pages as in pictures', () => {
    const css = readFileSync(new URL('../../../webview-ui/shared/base.css', import.meta.url), 'utf8')
    for (const [stage, colour] of Object.entries(stageColours)) assert.match(css, new RegExp(`--${stage}: ${colour};`))
  })

  it('zeros stand out from the smallest values', () => assertContrast(3, 'zeros', zeroColour, divergingColour(0)))

  it('is enough in a picture on paper', () => {
    for (const what of ['text', 'muted', 'error'] as const) assertContrast(4.5, what, paperInk[what], '#ffffff')
  })
})
