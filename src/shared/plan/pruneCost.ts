// What pruning costs beside the forward passes: statistics of the inputs, what linears with the same input share, and each
// matrix by itself. Numbers come from the methods' rows.
import type { ModelConfig } from '../families/modelConfig.ts'
import { linearsOfBlock, type BlockLinear } from '../families/parameters.ts'
import type { Cost, Statistic } from '../methods/method.ts'
import { methodOf } from '../methods/methods.ts'
import { selectModules } from '../recipe/match.ts'
import type { ResolvedPruneStep, ResolvedRecipe } from '../recipe/resolve.ts'

export interface PruneCost {
  /** Of the whole model. */
  readonly operations: number
  /** Beside the block itself, at one time; of the block that takes most. */
  readonly bytes: number
}

/** Partial sums of squares that each input has at most. */
const partialSums = 128

const statisticBytes: Record<Statistic, (columns: number) => number> = {
  nothing: () => 0,
  norms: (columns) => 4 * partialSums * columns,
  hessian: (columns) => 4 * columns ** 2,
}

const statisticOperations: Record<Statistic, (columns: number, tokens: number) => number> = {
  nothing: () => 0,
  norms: (columns, tokens) => 2 * columns * tokens,
  hessian: (columns, tokens) => 2 * columns ** 2 * tokens,
}

export function pruneCost({ prune, calibration, recover }: ResolvedRecipe, config: ModelConfig): PruneCost {
  const tokens = calibration ? calibration.samples * calibration.seq_len : 0
  const refit = recover?.mode === 'refit' ? recover.steps : 0
  let operations = 0
  let bytes = 0
  for (let block = 0; block < config.numBlocks; block++) {
    const linears = linearsOfBlock(config, block).map((linear) => ({ ...linear, className: linear.kind }))
    const costs = prune.map((step) => stepCost(step, selectModules(linears, step.targets, step.ignore), tokens, refit))
    operations += sum(costs.map((cost) => cost.operations))
    bytes = Math.max(
      bytes,
      sum(costs.map((cost) => cost.statistics)) + Math.max(0, ...costs.map((cost) => cost.working)),
    )
  }
  return { operations, bytes }
}

/** Of one step in one block: statistics of all inputs are there together, what solving takes a linear at a time. */
function stepCost(step: ResolvedPruneStep, linears: readonly BlockLinear[], tokens: number, refit: number) {
  const { needs: ownNeeds, cost } = methodOf(step.method)
  const needs = refit > 0 ? 'hessian' : ownNeeds
  const inputs = new Map(linears.map(({ inputKey, shape }) => [inputKey, shape[1]]))
  const shared = [...inputs.values()].map((columns) => cost.shared(columns))
  const matrices = linears.map(({ shape: [rows, columns] }) =>
    refitted(cost.matrix(rows, columns, step), rows, columns, refit),
  )
  const seen = [...inputs.values()].map((columns) => statisticOperations[needs](columns, tokens))
  return {
    operations: sum([...seen, ...[...shared, ...matrices].map((c) => c.operations)]),
    statistics: sum([...inputs.values()].map(statisticBytes[needs])),
    working: most(shared) + most(matrices),
  }
}

/** With least squares of the kept weights: a product for each step, one before, and the errors before and after. */
function refitted({ operations, bytes }: Cost, rows: number, columns: number, steps: number): Cost {
  if (steps === 0) return { operations, bytes }
  return {
    operations: operations + (steps + 3) * 2 * rows * columns ** 2,
    bytes: Math.max(bytes, 4 * columns ** 2 + 8 * 4 * rows * columns),
  }
}

const most = (costs: readonly { bytes: number }[]): number => Math.max(0, ...costs.map(({ bytes }) => bytes))
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
