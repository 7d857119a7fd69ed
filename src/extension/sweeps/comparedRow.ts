// A run as a row of the view that compares several.
import type { RunReader } from '../../runs/reader/runReader.ts'
import type { ComparedRow } from '../../shared/protocol/sweepView.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'

export function rowOf(run: RunReader, index: number): ComparedRow {
  const { place, standing, results, report, isBegun } = run
  const { name, settings } = place
  const trainablePercent = report?.trainablePercent ?? null
  return { index, name, settings, ...standing, results, trainablePercent, isBegun, progress: progressOf(run) }
}

/** null: it does not run. */
export function progressOf({ standing, lean }: RunReader): ComparedRow['progress'] {
  if (standing.state !== 'running') return null
  if (!lean) return { share: null, text: 'being read' }
  const { overall, phases } = lean.picture
  const latest = phases.at(-1)
  return { share: overall, text: latest ? phaseName(latest) : 'starting' }
}
