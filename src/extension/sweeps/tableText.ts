// The table of runs that a view shows, as text for a paper or a program.
import { comparisonCsv } from '../../runs/compared/comparisonTable.ts'
import { paperTable } from '../../runs/compared/paperTable.ts'
import { paperText, type PaperFormat } from '../../runs/compared/paperText.ts'
import { readProtocol } from '../../runs/reader/report.ts'
import type { RunsReader } from '../../runs/reader/runsReader.ts'
import { rowOf } from './comparedRow.ts'

export type TableFormat = PaperFormat | 'csv'

/**
 * LaTeX and Markdown fold seeds: median ± range, the best in bold. CSV has one line a run, numbers as they are. `places` without a
 * run are skipped.
 */
export async function tableText(followed: RunsReader, places: readonly number[], format: TableFormat): Promise<string> {
  const runs = places.flatMap((place) => followed.runs[place] ?? [])
  if (format === 'csv') return comparisonCsv(runs.map(rowOf))
  const protocols: string[][] = []
  for (const { folder } of runs) protocols.push(await readProtocol(folder))
  return paperText(paperTable(runs.map(rowOf), protocols), format)
}
