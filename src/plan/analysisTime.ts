// How long an analysis takes a block: gathering Hessians, and pruning each matrix in several ways.
import type { ModelConfig } from '../catalog/families/modelConfig.ts'
import { linearsOfBlock, tokenShare } from '../catalog/families/parameters.ts'
import { methodOf } from '../catalog/methods/methods.ts'
import { gramWork, productWork, sumOf, timesWork } from '../catalog/methods/work.ts'
import type { ResolvedPruneStep } from '../recipe/resolve.ts'
import { passWork } from './passWork.ts'
import type { PlannedMachine } from './recoverWork.ts'
import { secondsFor } from './time.ts'

/** Seconds of one block: of its inputs, and of each way of pruning. */
export interface AnalysisTime {
  readonly walk: number
  readonly ways: readonly number[]
}

/** `tokens` of calibration text. A block in the middle stands for all: the first of a mixture may have no experts. */
export function analysisTime(
  config: ModelConfig,
  tokens: number,
  steps: readonly ResolvedPruneStep[],
  machine: PlannedMachine,
): AnalysisTime {
  const seconds = secondsFor(machine)
  const linears = linearsOfBlock(config, config.numBlocks >> 1)
  const inputs = new Map(linears.map(({ inputKey, shape, expert }) => [inputKey, { columns: shape[1], expert }]))
  const seen = (expert: number | null) => tokens * tokenShare(config, expert)
  const { forward } = passWork(config, 'f32')
  const products = timesWork(1 / config.numBlocks, forward({ tokens, seqLen: Math.min(tokens, config.maxPositions) }))
  const hessians = [...inputs.values()].map(({ columns, expert }) => gramWork(seen(expert), columns))
  const ways = steps.map((step) => {
    const { cost } = methodOf(step.method)
    // What linears with one input share is prepared once for all sparsities of a method.
    const sharers = steps.filter(({ method }) => method === step.method).length
    const shared = [...inputs.values()].map(({ columns }) => timesWork(1 / sharers, cost.shared(columns).work))
    // The error is a product of the Hessian with what the outputs lose.
    const own = linears.flatMap(({ shape: [rows, columns] }) => [
      cost.matrix(rows, columns, step).work,
      productWork('f32', rows, columns, columns),
    ])
    return seconds(sumOf([...shared, ...own]))
  })
  return { walk: seconds(sumOf([products, ...hessians])), ways }
}
