// A plan for people, as `run --dry-run` prints it.
import { andList } from '../formatting/lists.ts'
import { formatBytes, formatCount, formatTrained, formatValue, roughDuration } from '../formatting/numbers.ts'
import { triedWindows } from '../recipe/defaults.ts'
import type { PlannedSpread, PlanSummary, RecoverySummary } from './planSummary.ts'

export function planText(plan: PlanSummary): string {
  const { estimates } = plan
  const linears = plan.rows.filter((row) => row.role === 'linear').length
  return [
    `${plan.recipe} on ${plan.model}`,
    `prunes ${plan.prunedModules} of ${linears} linears in the blocks`,
    ...plan.allocations.map((one) => `allocation ${one.name}: ${one.sparsity} on average; ${spreadText(one)}`),
    ...(plan.recoveries.length === 0
      ? ['recovers nothing']
      : plan.recoveries.map((one) => recoveryText(one, plan.parameters))),
    `memory about ${formatBytes(estimates.memoryBytes)}, disk ${formatBytes(estimates.diskBytes)}${timeText(estimates)}`,
    plan.saveTo === null ? 'saves nothing' : `saves to ${plan.saveTo}`,
    ...plan.warnings.map((message) => `warning: ${message}`),
  ].join('\n')
}

function spreadText({ ends, tries }: PlannedSpread): string {
  if (ends) return `${formatValue(ends[0])} in the first block to ${formatValue(ends[1])} in the last`
  if (tries.length > 0)
    return `tries spreads of ${andList(tries.map(String))} on ${triedWindows} windows and takes the best`
  return 'the dense model decides how much of each block'
}

function timeText({ seconds, secondsToPruneAgain }: PlanSummary['estimates']): string {
  if (seconds === null) return ''
  const again = roughDuration(secondsToPruneAgain)
  const why = secondsToPruneAgain > 0 ? `, ${again} of it to prune once more, for the model before recovery` : ''
  return `, time about ${roughDuration(seconds)}${why}`
}

function recoveryText({ place, mode, train, trainable, percentage }: RecoverySummary, parameters: number): string {
  const name = place === 'recover' ? mode : `${place}, ${mode}`
  if (mode === 'merge') return `${name}: adds a LoRA that was trained elsewhere, under the mask`
  if (train.length === 0) return `${name}: least squares of the kept weights`
  const share = `${formatTrained(percentage)} of ${formatCount(parameters)}`
  return `${name}: trains ${formatCount(trainable)} numbers (${share}): ${train.join(', ')}`
}
