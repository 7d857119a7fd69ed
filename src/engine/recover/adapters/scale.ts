// ScaleLoRA: W_eff = W ⊙ (B·A) from A = B = 1/√r. All rows of A start equal, get equal gradients and stay equal, so
// B·A = r · u ⊗ v for one row scale u [O] and one column scale v [I] (docs/methods.md, "ScaleLoRA").
import { rows } from '../../compute/tensor.ts'
import type { Linear, RowRange } from '../../model/module.ts'
import type { AdapterKind } from './adapter.ts'

export const scaleKind: AdapterKind = {
  parameters: ([numOut, numIn], rank) => [
    { suffix: 'scale_row', shape: [numOut], copies: rank, start: 1 / Math.sqrt(rank) },
    { suffix: 'scale_column', shape: [numIn], copies: rank, start: 1 / Math.sqrt(rank) },
  ],
  /** u [O] and v [I]. */
  create({ trained: [row, column], rank, weights }) {
    const scaleOf = ({ weight: { shape } }: Linear, { start, end }: RowRange = { start: 0, end: shape[0] }) => ({
      part: `${start}–${end}`,
      u: rows(row.value, start, end),
      dU: rows(row.grad, start, end),
    })
    return {
      effectiveWeight(backend, arena, linear, range) {
        const { part, u } = scaleOf(linear, range)
        return weights.of(arena, `${linear.name} ${part}`, linear.weight.shape, (out) =>
          backend.kernels.scaleWeight(out, linear.weight, u, column.value, rank),
        )
      },
      backward(backend, _arena, linear, dOut, input, range, dBias) {
        if (dBias) backend.kernels.columnSum(dBias, dOut)
        const { u, dU } = scaleOf(linear, range)
        // Factor 1, not r: the gradient of one of the r equal rows, which is what Adam sees in the A/B form.
        backend.kernels.scaleBackward(dU, column.grad, dOut, input, linear.weight, u, column.value, 1)
      },
      merge(backend, linear, out, range) {
        const { u } = scaleOf(linear, range)
        backend.kernels.scaleWeight(out, linear.weight, u, column.value, rank)
      },
    }
  },
}
