// The part of `sparsescope compare` that sets the answers of two models to the same questions against each other.
import { rightRowsOf, type RightRows } from '../engine/evaluate/tasks/rightRows.ts'
import { EngineError } from '../engine/errors.ts'
import { formatShare, plural } from '../formatting/numbers.ts'
import { mcnemarP, pText } from '../runs/compared/answers.ts'
import type { Context, Outcome } from './command.ts'

/** @throws EngineError 'bad-data' where they were not asked the same. */
export async function compareTask(context: Context, pathA: string, pathB: string, task: string): Promise<Outcome> {
  const a = await rightRowsOf(pathA, task, context.signal)
  const b = await rightRowsOf(pathB, task, context.signal)
  const rows: { doc_id: number; a: boolean; b: boolean }[] = []
  for (const [id, own] of a.rows) {
    const other = b.rows.get(id)
    if (!other) continue
    if (a.kind === b.kind && own.question !== other.question) throw notTheSame(task, id, a, b)
    rows.push({ doc_id: id, a: own.right, b: other.right })
  }
  if (rows.length === 0) throw notTheSame(task, null, a, b)
  const count = (isA: boolean, isB: boolean) => rows.filter((row) => row.a === isA && row.b === isB).length
  const counts = {
    both: count(true, true),
    only_a: count(true, false),
    only_b: count(false, true),
    neither: count(false, false),
  }
  const p = mcnemarP(counts.only_a, counts.only_b)
  const flipped = rows.filter((row) => row.a !== row.b)
  const left = Math.max(a.rows.size, b.rows.size) - rows.length
  const listed = (isA: boolean) =>
    flipped
      .filter((row) => row.a === isA)
      .slice(0, mostListed)
      .map(({ doc_id: id }) => id)
      .join(', ')
  const share = (right: number) => formatShare(right / rows.length, 1)
  const text = [
    `A: ${a.path}\nB: ${b.path}`,
    `${task}, ${plural(rows.length, 'row')}: A ${share(counts.both + counts.only_a)}, B ${share(counts.both + counts.only_b)} right`,
    `both right ${counts.both}, only A ${counts.only_a}, only B ${counts.only_b}, neither ${counts.neither}; ${pText(p)} (McNemar, exact)`,
    ...(counts.only_a > 0 ? [`only A: rows ${listed(true)}${counts.only_a > mostListed ? ', …' : ''}`] : []),
    ...(counts.only_b > 0 ? [`only B: rows ${listed(false)}${counts.only_b > mostListed ? ', …' : ''}`] : []),
    ...(left > 0 ? [`${plural(left, 'row')} of only one of them left out`] : []),
  ].join('\n')
  return { json: { task, ...counts, p, rows }, text }
}

/** `--json` has them all. */
const mostListed = 20

function notTheSame(task: string, row: number | null, a: RightRows, b: RightRows): EngineError {
  const where = row === null ? 'they have no row in common' : `row ${row} is another question`
  return new EngineError('bad-data', `${a.path} and ${b.path} were not asked the same ${task}: ${where}`)
}
