import type { SweepRow, SweepTable } from '../../shared/sweep/sweepTable.ts'
import type { Outcome } from '../command.ts'
import { tableText } from './texts.ts'

/** 0 when all are done, 1 when one failed, else 130: the rest was cancelled. */
export function outcomeOf(table: SweepTable): Outcome {
  const has = (state: SweepRow['state']) => table.runs.some((row) => row.state === state)
  const exitCode = has('failed') ? 1 : table.runs.every(({ state }) => state === 'done') ? 0 : 130
  return { json: table, text: tableText(table), exitCode }
}
