// The curve of a run in its row, without axes: how it went, in the colour of its points.
import { line } from 'd3-shape'
import { formatValue } from '../../src/formatting/numbers.ts'
import type { Entry } from './entries.ts'

const [width, height, margin] = [84, 18, 2]
const whatText = { perplexity: 'perplexity along the recovery', error: 'error of each block after recovery' }

export function Sparkline({ entry: { runs, style } }: { entry: Entry }) {
  const found = runs.find(({ sparkline }) => sparkline)?.sparkline
  if (!found) return null
  const numbers = found.values.filter((value) => value !== null)
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)]
  const across = (i: number) => margin + (i * (width - 2 * margin)) / (found.values.length - 1)
  const up = (value: number) => height - margin - ((value - low) * (height - 2 * margin)) / (high - low || 1)
  const path = line<number | null>()
    .defined((value) => value !== null)
    .x((_, i) => across(i))
    .y((value) => up(value ?? 0))
  const title = `${whatText[found.of]}: from ${formatValue(numbers[0])} to ${formatValue(numbers.at(-1))}`
  return (
    <svg class="sparkline" width={width} height={height} role="img" aria-label={title}>
      <title>{title}</title>
      <path d={path(found.values) ?? ''} fill="none" stroke={style.colour} stroke-width="1.5" />
    </svg>
  )
}
