// What the runs of the frontier's sweeps reached: one point a pruning and a recovery, the median of its seeds.
import { groupsBy } from '../../src/formatting/lists.ts'
import { fieldsOf } from '../../src/catalog/formats/json.ts'
import { resultOf } from '../../src/runs/series/runResult.ts'
import { modeText, partsOf, requestedSparsity } from '../../src/runs/compared/comparedRun.ts'
import { median } from '../support/process.ts'

const noRecovery = 'no recovery'

export interface FrontierPoint {
  /** "50 %", "2:4". */
  readonly amount: string
  readonly method: string
  /** "retrain norm", "reconstruct + retrain on dense logits"; `noRecovery`. */
  readonly recovery: string
  /** Percent of zeros that were asked for. */
  readonly sparsity: number
  /** Pruning and recovery, without what was measured. */
  readonly minutes: number
  /** On text of another kind, at the last stage. */
  readonly perplexity: number
  readonly dense: number | null
}

/** `reports`: report.json of each run, as it is read. A run that is not done, or has no second text, is left out. */
export function frontierPoints(reports: readonly unknown[]): FrontierPoint[] {
  const runs = reports.flatMap((report) => runOf(report) ?? [])
  const pruning = new Map<string, number>()
  // Runs of a sweep share one pruning, so only the run that pruned knows how long it took.
  for (const { step, pruneSeconds } of runs) pruning.set(step, Math.max(pruning.get(step) ?? 0, pruneSeconds))
  return groupsBy(runs, ({ step, recovery }) => `${step} ${recovery}`).map((same) => {
    const { step, facts } = same[0]
    const seconds = median(same.map(({ recoverySeconds }) => recoverySeconds)) + (pruning.get(step) ?? 0)
    return { ...facts, minutes: seconds / 60, perplexity: median(same.map(({ perplexity }) => perplexity)) }
  })
}

function runOf(report: unknown) {
  const { second } = resultOf(report)
  const perplexity = second?.perplexity.recovered ?? second?.perplexity.pruned
  const { recipe, seconds, status } = fieldsOf(report)
  const { steps, recoveries } = partsOf(fieldsOf(recipe))
  const sparsity = steps.length === 1 ? requestedSparsity(steps[0]) : null
  if (status !== 'done' || perplexity === undefined || sparsity === null) return null
  const sum = (...phases: string[]) =>
    phases.reduce((total, phase) => total + (Number(fieldsOf(seconds)[phase]) || 0), 0)
  const { pattern, method } = fieldsOf(steps[0])
  const percent = Math.round(1000 * sparsity) / 10
  const recovery = recoveries.map(recoveryText).join(' + ') || noRecovery
  return {
    step: JSON.stringify(steps[0]),
    recovery,
    facts: {
      amount: typeof pattern === 'string' && pattern.includes(':') ? pattern : `${percent} %`,
      method: String(method),
      recovery,
      sparsity: percent,
      dense: second?.perplexity.dense ?? null,
    },
    pruneSeconds: sum('calibrate', 'prune'),
    recoverySeconds: sum('reconstruct', 'refit', 'retrain'),
    perplexity,
  }
}

/**
 * Points from a table of bench/RESULTS.md, whose cells are: pruned ("ALPS 60 %, depth 0.1"), recovery, then by `columns` perplexity
 * on text of another kind and minutes. The row "dense" has the perplexity of the dense model.
 */
export function pointsOfTable(
  rows: readonly (readonly string[])[],
  columns: { readonly perplexity: number; readonly minutes: number },
): FrontierPoint[] {
  const number = (cells: readonly string[] | undefined, at: number) =>
    Number.parseFloat(cells?.[at].replaceAll(',', '') ?? '')
  const ofDense = number(
    rows.find(([pruned]) => pruned === 'dense'),
    columns.perplexity,
  )
  const dense = Number.isNaN(ofDense) ? null : ofDense
  return rows.flatMap((cells) => {
    const [, method, amount] = /^(\S+) (\d+ %|\d+:\d+)/.exec(cells[0]) ?? []
    const [perplexity, minutes] = [number(cells, columns.perplexity), number(cells, columns.minutes)]
    if (!method || Number.isNaN(perplexity) || Number.isNaN(minutes)) return []
    const [first, second] = amount.split(/[ :]/).map(Number)
    const sparsity = amount.includes(':') ? 100 * (1 - first / second) : first
    return [{ amount, method, recovery: cells[1] || noRecovery, sparsity, minutes, perplexity, dense }]
  })
}

/** Names a recovery, with its subset if it trains only one: norms alone differ from norms and an adapter. */
function recoveryText(recovery: Record<string, unknown>): string {
  const { train } = recovery
  const only = Array.isArray(train) && train.length === 1 ? ` ${String(train[0])}` : ''
  return modeText(recovery).replace(/^\w+/, `$&${only}`)
}
