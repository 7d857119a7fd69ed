// How long an analysis takes a block: gathering Hessians, and pruning each matrix in several ways.
import type { ModelConfig } from '../families/modelConfig.ts'
import { linearsOfBlock, tokenShare } from '../families/parameters.ts'
import { methodOf } from '../methods/methods.ts'
import type { ResolvedPruneStep } from '../recipe/resolve.ts'
import { secondsFor, type PlannedMachine } from './time.ts'

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
  const seconds = secondsFor(machine, 'f32')
  const linears = linearsOfBlock(config, config.numBlocks >> 1)
  const inputs = new Map(linears.map(({ inputKey, shape, expert }) => [inputKey, { columns: shape[1], expert }]))
  const seen = (expert: number | null) => tokens * tokenShare(config, expert)
  const products = linears.reduce(
    (sum, { shape: [rows, columns], expert }) => sum + 2 * rows * columns * seen(expert),
    0,
  )
  const hessians = [...inputs.values()].reduce((sum, { columns, expert }) => sum + 2 * columns ** 2 * seen(expert), 0)
  const ways = steps.map((step) => {
    const { cost } = methodOf(step.method)
    // What linears with one input share is prepared once for all sparsities of a method.
    const sharers = steps.filter(({ method }) => method === step.method).length
    const shared = [...inputs.values()].reduce((sum, { columns }) => sum + cost.shared(columns).operations / sharers, 0)
    // The error is a product of the Hessian with what the outputs lose.
    const own = linears.reduce(
      (sum, { shape: [rows, columns] }) => sum + cost.matrix(rows, columns, step).operations + 2 * rows * columns ** 2,
      0,
    )
    return seconds({ solving: shared + own })
  })
  return { walk: seconds({ products, solving: hessians }), ways }
}
