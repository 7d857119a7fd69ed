// The colour scale with its ends, and what a hatched cell means.
import { gradient, type LegendWords, type Scale } from './legend.ts'

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

/** A scale whose ends change with what is in sight, and colours outside of it. */
export function ScaleBar({ scale: { low, high, colour, marks } }: { scale: Scale }) {
  return (
    <div class="legend">
      <span>{low}</span>
      <span class="legendBar" aria-hidden="true" style={{ backgroundImage: gradient(colour) }} />
      <span>{high}</span>
      {marks.map((mark) => [
        <span class="legendMark" aria-hidden="true" style={{ backgroundColor: mark.colour }} />,
        <span>{mark.text}</span>,
      ])}
    </div>
  )
}
