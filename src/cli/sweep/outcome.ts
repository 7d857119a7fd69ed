import { andList } from '../../formatting/lists.ts'
import type { Sweep } from '../../engine/sweep/openSweep.ts'
import type { SweepRow, SweepTable } from '../../runs/compared/sweepTable.ts'
import type { Outcome } from '../command.ts'
import type { EngineName } from './engines.ts'
import { sweepText } from './texts.ts'

/** Why a run that had its turn may have left nothing. */
const reasons: Readonly<Record<EngineName, string>> = {
  local: 'it could write nothing: is the disk full?',
  slurm:
    'it never began: it was cancelled in Slurm, or the output of its task in the folder slurm of the sweep says more;',
}

/** Exit code of a sweep that has ended: 0 when all are done, 1 when one failed or is at work elsewhere, else 130, since the rest was cancelled. */
export function outcomeOf(ended: SweepTable, sweep: Pick<Sweep, 'folder' | 'runs'>, columns?: number): Outcome {
  const why = reasons[ended.engine as EngineName] ?? reasons.local
  const table = { ...ended, runs: ended.runs.map((row) => withoutWord(row, why)) }
  const has = (state: SweepRow['state']) => table.runs.some((row) => row.state === state)
  const exitCode = has('failed') || has('running') ? 1 : table.runs.every(({ state }) => state === 'done') ? 0 : 130
  const elsewhere = table.runs.flatMap(({ state, index }) => (state === 'running' ? [`run ${index}`] : []))
  const note = `\nAnother process is at work on ${andList(elsewhere)}: wait for it, and run the sweep again.`
  return { json: table, text: sweepText(table, sweep, columns) + (elsewhere.length > 0 ? note : ''), exitCode }
}

/** A run that had its turn and left nothing: it could not even write why. */
function withoutWord(row: SweepRow, why: string): SweepRow {
  return row.state === 'waiting'
    ? { ...row, state: 'failed', message: `${why} sparsescope sweep run begins it again` }
    : row
}
