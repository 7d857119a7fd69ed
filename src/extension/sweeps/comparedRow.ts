// A run as a row of the view that compares several.
import { basename } from 'node:path'
import { nameOfRun, sweepOfRun } from '../../runs/folder/sweepFolder.ts'
import type { RunReader } from '../../runs/reader/runReader.ts'
import type { ComparedRow } from '../../shared/protocol/sweepView.ts'
import { runName } from '../../shared/format/runName.ts'
import { phaseName } from '../../shared/series/recoveryName.ts'

export function rowOf(run: RunReader, index: number): ComparedRow {
  const { settings, label, facts, standing, results, report, isBegun, notes, sparkline } = run
  const { name, folder } = run.place
  const trainablePercent = report?.trainablePercent ?? null
  const sweep = sweepOfRun(folder)
  return {
    ...{ index, key: folder, name, label, settings, facts, ...standing, results, trainablePercent, isBegun },
    sweep: sweep === null ? null : runName(basename(sweep)).name,
    started: nameOfRun(folder).started,
    ...{ notes, sparkline, progress: progressOf(run) },
  }
}

/** null: it does not run. */
export function progressOf({ standing, lean }: RunReader): ComparedRow['progress'] {
  if (standing.state !== 'running') return null
  if (!lean) return { share: null, text: 'being read' }
  const { overall, phases } = lean.picture
  const latest = phases.at(-1)
  return { share: overall, text: latest ? phaseName(latest) : 'starting' }
}
