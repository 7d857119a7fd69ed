// Accuracies by task as bars with standard errors, in the theme's colours; its menu saves it on paper.
import { accuracyBars, accuracyBarsTitle, type MeasuredRun } from '../../src/shared/chart/accuracyBars.ts'
import { svgFile } from '../../src/shared/chart/shape.ts'
import type { ExportFile } from '../../src/shared/protocol/view.ts'
import { drawn } from './drawn.tsx'
import { FigureHead } from './figureHead.tsx'
import { themeChanges, themeInk } from './theme.ts'

interface AccuracyBarsProps {
  readonly runs: readonly MeasuredRun[]
  /** A sentence below the title. */
  readonly note?: string
  readonly save: (file: ExportFile) => void
}

/** Nothing where no task was measured. */
export function AccuracyBars({ runs, note, save }: AccuracyBarsProps) {
  void themeChanges.value
  const bars = accuracyBars(runs, themeInk(), false)
  if (!bars) return null
  const figure = () => {
    const whole = accuracyBars(runs)
    return whole && svgFile(whole)
  }
  return (
    <section class="card" aria-label={accuracyBarsTitle}>
      <FigureHead title={accuracyBarsTitle} figure={figure} save={save} />
      {note && <p class="muted">{note}</p>}
      <div class="accuracyBars">{drawn(bars)}</div>
    </section>
  )
}
