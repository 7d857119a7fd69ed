import type { Sweep } from '../../engine/sweep/openSweep.ts'
import type { SweepRow, SweepTable } from '../../shared/sweep/sweepTable.ts'
import type { Outcome } from '../command.ts'
import { shorter } from '../run.ts'
import { sweepText } from './texts.ts'

/** Of a sweep that nothing runs any more. 0 when all are done, 1 when one failed, else 130: the rest was cancelled. */
export function outcomeOf(ended: SweepTable, { folder }: Pick<Sweep, 'folder'>): Outcome {
  const table = { ...ended, runs: ended.runs.map(withoutWord) }
  const has = (state: SweepRow['state']) => table.runs.some((row) => row.state === state)
  const exitCode = has('failed') ? 1 : table.runs.every(({ state }) => state === 'done') ? 0 : 130
  return { json: table, text: sweepText(table, shorter(folder.path)), exitCode }
}

/** A run that had its turn and left nothing: it could not even write why. */
function withoutWord(row: SweepRow): SweepRow {
  if (row.state !== 'waiting') return row
  return { ...row, state: 'failed', message: 'it could write nothing: is the disk full? sparsescope sweep run begins it again' } // prettier-ignore
}
