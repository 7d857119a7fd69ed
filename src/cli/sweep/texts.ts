// Sweeps as text for the terminal.
import type { PlanAndEstimates, Sweep } from '../../engine/sweep/openSweep.ts'
import { labelsOfRuns } from '../../engine/sweep/planSweep.ts'
import { formatBytes, formatValue, plural, roughDuration } from '../../formatting/numbers.ts'
import { textTable } from '../../formatting/tables.ts'
import type { Estimates } from '../../plan/planRecipe.ts'
import { estimateSweep } from '../../runs/compared/sweepEstimates.ts'
import { comparisonTable, countsText, failureTexts } from '../../runs/compared/comparisonTable.ts'
import { foldSeeds } from '../../runs/compared/foldSeeds.ts'
import { unknownFacts } from '../../runs/compared/comparedRun.ts'
import type { SweepRow, SweepTable } from '../../runs/compared/sweepTable.ts'
import { shortPath } from '../run.ts'

/** `jobs`: number of runs that need their memory at the same time. */
export function planText({ plan, labels, estimates }: PlanAndEstimates, jobs: number, columns?: number): string {
  const rows = plan.runs.map(({ index }, i) => [String(index), labels[i], ...takes(estimates[i])])
  const all = estimateSweep(estimates)
  const [time, memory, disk] = takes({ ...all, memoryBytes: jobs * all.memoryBytes })
  const aside = jobs > 1 ? `, ${jobs} at a time` : ''
  return [
    textTable(['', 'run', 'time', 'memory', 'disk'], rows, { columns }),
    `${plural(plan.runs.length, 'run')}${aside}: time about ${time}, memory ${memory}, disk ${disk}${all.shares ? '; what runs have in common is done once' : ''}`,
    `plan ${plan.id}`,
  ].join('\n')
}

function takes({ seconds, memoryBytes, diskBytes }: Omit<Estimates, 'secondsToPruneAgain'>): string[] {
  return [seconds === null ? '–' : roughDuration(seconds), formatBytes(memoryBytes), formatBytes(diskBytes)]
}

export function sweepText({ runs }: SweepTable, sweep: Pick<Sweep, 'folder' | 'runs'>, columns?: number): string {
  const folder = shortPath(sweep.folder.path)
  const states = runs.map(({ state }) => state)
  const isOver = !states.includes('running') && states.some((state) => state === 'failed' || state === 'cancelled')
  const next = isOver ? `; sparsescope sweep run ${folder} continues with the rest` : ''
  const standing = states.every((state) => state === 'done') ? [] : [countsText(states) + next]
  return [tableText(runs, labelsOfRuns(sweep.runs), columns), ...standing, ...failureTexts(runs)].join('\n')
}

/** A table with a row for each run: seeds are not combined. */
function tableText(runs: SweepTable['runs'], labels: readonly string[], columns?: number): string {
  const alone = runs.map((run, i) => {
    return foldSeeds([{ ...run, label: labels[i], facts: unknownFacts, trainablePercent: null }])[0]
  })
  const { heads, rows } = comparisonTable(alone)
  const numbered = rows.map((row, i) => [String(runs[i].index), ...row])
  return textTable(['', ...heads], numbered, { columns })
}

/** One run that has ended. */
export function rowText(row: SweepRow): string {
  const why = reason(row)
  return `${row.state} ${row.name}${why === '' ? '' : `: ${why}`}`
}

function reason({ state, message, results: { perplexity } }: SweepRow): string {
  if (message !== null) return message
  // A time limit stops a task by a signal, as the user does.
  if (state === 'cancelled') return 'stopped, by the user or at its time limit; sparsescope sweep run continues it'
  const measured = [perplexity.dense, perplexity.pruned, perplexity.recovered].filter((value) => value !== null)
  return measured.length > 0 && state === 'done' ? `perplexity ${measured.map(formatValue).join(' → ')}` : ''
}
