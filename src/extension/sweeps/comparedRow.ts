// A run as a row of the view that compares several.
import { basename } from 'node:path'
import type { RunReader } from '../../runs/reader/runReader.ts'
import type { ComparedRow } from '../../protocol/sweepView.ts'
import { runName } from '../../formatting/paths.ts'
import { phaseName } from '../../runs/series/recoveries.ts'

export function rowOf(run: RunReader, index: number): ComparedRow {
  const { settings, label, facts, standing, results, report, isBegun, sparkline, sweep, started } = run
  const { name, folder } = run.place
  const trainablePercent = report?.trainablePercent ?? null
  return {
    ...{ index, key: folder, name, label, settings, facts, ...standing, results, trainablePercent, isBegun },
    sweep: sweep === null ? null : runName(basename(sweep)).name,
    ...{ started, sparkline, progress: progressOf(run) },
  }
}

/** null: it does not run. */
export function progressOf({ status, lean }: RunReader): ComparedRow['progress'] {
  if (status !== 'running') return null
  if (!lean) return { share: null, text: 'being read' }
  const { overall, phases } = lean.picture
  const latest = phases.at(-1)
  return { share: overall, text: latest ? phaseName(latest) : 'starting' }
}
