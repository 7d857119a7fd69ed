// The colour scale with its ends, and what a hatched cell means.
import { gradient, type LegendWords } from './legend.ts'

export function ScaleLegend({ words, colour }: { words: LegendWords; colour: (value: number) => string }) {
  const { title, low, high, notComputed } = words
  return (
    <div class="legend">
      <span class="legendTitle">{title}</span>
      <span>{low}</span>
      <span class="legendBar" aria-hidden="true" style={{ backgroundImage: gradient(colour) }} />
      <span>{high}</span>
      {notComputed !== null && <span class="legendHatch" aria-hidden="true" />}
      {notComputed}
    </div>
  )
}
