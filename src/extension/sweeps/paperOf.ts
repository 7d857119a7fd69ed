// A table for a paper of runs that a view shows.
import { paperTable } from '../../shared/sweep/paperTable.ts'
import { paperText, type PaperFormat } from '../../shared/sweep/paperText.ts'
import { readProtocol } from '../../runs/reader/report.ts'
import type { RunsReader } from '../../runs/reader/runsReader.ts'
import { rowOf } from './comparedRow.ts'

/** `places` that there are none of are passed over. */
export async function paperOf(followed: RunsReader, places: readonly number[], format: PaperFormat): Promise<string> {
  const runs = places.flatMap((place) => followed.runs[place] ?? [])
  const protocols: string[][] = []
  for (const { folder } of runs) protocols.push(await readProtocol(folder))
  return paperText(paperTable(runs.map(rowOf), protocols), format)
}
