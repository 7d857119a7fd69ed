// ScaleLoRA: W_eff = W ⊙ (B·A) from A = B = 1/√r. All rows of A start equal, get equal gradients and stay equal, so
// B·A = r · u ⊗ v for one row scale u [O] and one column scale v [I] (docs/methods.md, "ScaleLoRA").
import { rows, type Tensor } from '../../compute/tensor.ts'
import type { AdapterKind, EffectiveWeights, TrainableAdapter } from './adapter.ts'

interface ScaleParameters {
  /** u [O], v [I] and their gradients. */
  readonly row: Tensor
  readonly column: Tensor
  readonly dRow: Tensor
  readonly dColumn: Tensor
  readonly rank: number
  readonly weights: EffectiveWeights
}

export const scaleKind: AdapterKind = {
  parameters: ([numOut, numIn], rank) => [
    { suffix: 'scale_row', shape: [numOut], copies: rank, start: 1 / Math.sqrt(rank) },
    { suffix: 'scale_column', shape: [numIn], copies: rank, start: 1 / Math.sqrt(rank) },
  ],
  create({ trained: [row, column], rank, weights }) {
    const scales = { row: row.value, dRow: row.grad, column: column.value, dColumn: column.grad }
    return createScaleAdapter({ ...scales, rank, weights })
  },
}

export function createScaleAdapter(p: ScaleParameters): TrainableAdapter {
  return {
    effectiveWeight(backend, arena, linear, range) {
      const { start, end } = range ?? { start: 0, end: linear.weight.shape[0] }
      return p.weights.of(arena, `${linear.name} ${start}–${end}`, linear.weight.shape, (out) =>
        backend.kernels.scaleWeight(out, linear.weight, rows(p.row, start, end), p.column, p.rank),
      )
    },
    backward(backend, _arena, linear, dOut, input, range, dBias) {
      if (dBias) backend.kernels.columnSum(dBias, dOut)
      const { start, end } = range ?? { start: 0, end: linear.weight.shape[0] }
      // Factor 1, not r: the gradient of one of the r equal rows, which is what Adam sees in the A/B form.
      backend.kernels.scaleBackward(
        rows(p.dRow, start, end),
        p.dColumn,
        dOut,
        input,
        linear.weight,
        rows(p.row, start, end),
        p.column,
        1,
      )
    },
    merge(backend, linear, out, range) {
      const { start, end } = range ?? { start: 0, end: linear.weight.shape[0] }
      backend.kernels.scaleWeight(out, linear.weight, rows(p.row, start, end), p.column, p.rank)
    },
  }
}
