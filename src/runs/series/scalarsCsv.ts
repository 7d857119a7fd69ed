// Curves of runs as CSV: a line for each step of each run, `step` first as trackers import it, a column for each number.
import { toCsv } from '../../formatting/csv.ts'
import type { Scalar } from './scalars.ts'

export function scalarsCsv(runs: readonly { readonly name: string; readonly scalars: readonly Scalar[] }[]): string {
  const heads = new Set<string>()
  const rows = runs.flatMap(({ name: run, scalars }) => {
    const steps = new Map<number, Map<string, number>>()
    for (const scalar of scalars) {
      heads.add(scalar.name)
      const row = steps.get(scalar.step) ?? new Map<string, number>()
      steps.set(scalar.step, row)
      row.set(scalar.name, scalar.value)
    }
    return [...steps].sort(([a], [b]) => a - b).map(([step, values]) => ({ step, run, values }))
  })
  const names = [...heads]
  return toCsv(
    ['step', 'run', ...names],
    rows.map(({ step, run, values }) => [step, run, ...names.map((name) => values.get(name))]),
  )
}
