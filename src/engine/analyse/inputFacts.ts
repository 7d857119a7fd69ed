// Figures of a matrix's input: its root mean square, its outliers, and its effective rank (docs/methods.md, "Inputs of a matrix").
import { outlierThreshold } from '../../catalog/allocations/owl.ts'
import type { MeasuredModule } from '../../plan/analysis.ts'
import { Arena } from '../compute/arena.ts'
import { readF32, type Backend } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import { EngineError } from '../errors.ts'
import type { Linear } from '../model/module.ts'
import { outlierPercentage } from '../prune/allocations/owl.ts'
import { readDiagonal } from '../prune/methods/hessian.ts'
import { normsOf, type Statistics } from '../prune/statistics.ts'

/** null when the input was never seen. @throws EngineError 'numeric' when it was not finite. */
export async function activationOf(
  backend: Backend,
  { name, weight, inputKey }: Linear,
  statistics: Statistics,
): Promise<MeasuredModule['activation']> {
  const tokens = statistics.tokensOf(inputKey)
  const [squares, hessian] = [await statistics.meanSquares(inputKey), statistics.hessian(inputKey)]
  if (!squares || !hessian || tokens === 0) return null
  const mean = (squares.reduce((a, b) => a + b, 0) * statistics.windows) / tokens / squares.length
  if (!Number.isFinite(mean))
    throw new EngineError(
      'numeric',
      `${name}: its calibration inputs are not finite; check the model with \`sparsescope evaluate\`, and the data`,
    )
  return {
    norm: Math.sqrt(mean),
    outliers: outlierPercentage(
      [{ weight: await readF32(backend, weight), norms: normsOf(squares) }],
      outlierThreshold,
    ),
    effective_rank: await participationRatio(backend, hessian),
  }
}

/** (tr H)² / ‖H‖²_F; null of a matrix of zeros. H is not centred, since pruning does not centre inputs either. */
async function participationRatio(backend: Backend, hessian: Tensor): Promise<number | null> {
  using arena = new Arena(backend)
  const sum = arena.allocate([1])
  backend.kernels.fill(sum, 0)
  backend.kernels.sumSquares(sum, hessian)
  const [squares] = await readF32(backend, sum)
  const trace = (await readDiagonal(backend, hessian)).reduce((a, b) => a + b, 0)
  return squares > 0 ? trace ** 2 / squares : null
}
