// Accuracies by task as bars with standard errors, in the theme's colours; its menu saves it as a file.
import type { ComponentChildren } from 'preact'
import { accuracyBars, accuracyBarsTitle, type MeasuredRun } from '../../src/charts/accuracyBars.ts'
import { Figure } from './figure.tsx'
import { drawn } from './picture.tsx'
import { theme } from './theme.ts'

interface AccuracyBarsProps {
  readonly runs: readonly MeasuredRun[]
  readonly csv?: () => string
  /** Below the bars. */
  readonly children?: ComponentChildren
}

/** Empty where no task was measured. */
export function AccuracyBars({ runs, csv, children }: AccuracyBarsProps) {
  const bars = accuracyBars(runs, theme.value, false)
  if (!bars) return null
  return (
    <section class="card">
      <Figure title={accuracyBarsTitle} figure={() => accuracyBars(runs)} csv={csv}>
        <div class="accuracyBars">{drawn(bars)}</div>
        {children}
      </Figure>
    </section>
  )
}
