// A run as a row of the view that compares several.
import { basename } from 'node:path'
import type { RunReader } from '../../runs/reader/runReader.ts'
import type { ComparedRow } from '../../protocol/sweepView.ts'
import { runName } from '../../formatting/runName.ts'
import { phaseName } from '../../runs/series/recoveryName.ts'

export function rowOf(run: RunReader, index: number): ComparedRow {
  const { place, named, state, sweep, started } = run
  const { standing, results, report, isBegun, sparkline } = state
  const { name, folder } = place
  const trainablePercent = report?.trainablePercent ?? null
  return {
    ...{ index, key: folder, name, ...named, ...standing, results, trainablePercent, isBegun },
    sweep: sweep === null ? null : runName(basename(sweep)).name,
    ...{ started, sparkline, progress: progressOf(run) },
  }
}

/** null: it does not run. */
export function progressOf({ status, state: { summary } }: RunReader): ComparedRow['progress'] {
  if (status !== 'running') return null
  if (!summary) return { share: null, text: 'being read' }
  const { overall, phase } = summary
  return { share: overall, text: phase ? phaseName(phase) : 'starting' }
}
