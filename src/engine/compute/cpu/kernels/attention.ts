// Attention: one task per (batch, head[, query tile]) over the pool (attentionTasks.ts).
import type { AttentionShape, Kernels } from '../../kernels.ts'
import type { Runner } from '../pool.ts'
import { queryTile } from './attentionTasks.ts'
import { addresses, byRows } from './splits.ts'

type Attention = Pick<Kernels, 'attention' | 'attentionStep' | 'attentionBackward'>

function layoutArgs({ seqLen, numHeads, numKvHeads, headDim, scale, window }: AttentionShape): number[] {
  return [seqLen, numHeads, numKvHeads, headDim, scale, window, queryTile(seqLen)]
}

export function attention(pool: Runner): Attention {
  const at = addresses(pool)
  return {
    attention(out, logSum, q, k, v, keyMask, shape) {
      const { batch, seqLen, numHeads } = shape
      const tile = queryTile(seqLen)
      const split = {
        total: batch * numHeads * Math.ceil(seqLen / tile),
        unit: 1,
        scratchBytes: 4 * tile * seqLen,
      }
      const args = [at(out), at(logSum), at(q), at(k), at(v), at(keyMask), ...layoutArgs(shape)]
      pool.run('attention', split, args)
    },
    attentionStep(out, q, keys, values, { length, numHeads, numKvHeads, headDim, scale, window }) {
      const first = window > 0 ? Math.max(0, length - window) : 0
      const split = byRows(numHeads, 2 * (length - first) * headDim)
      const shape = [first, length, numHeads / numKvHeads, numKvHeads * headDim, headDim, scale]
      pool.run('attentionStep', split, [at(out), at(q), at(keys), at(values), ...shape])
    },
    attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape) {
      const { batch, seqLen, numHeads, numKvHeads, headDim } = shape
      const split = { total: batch * numHeads, unit: 1, scratchBytes: 8 * queryTile(seqLen) * seqLen }
      const grouped = numKvHeads < numHeads
      const run = (toK: number, toV: number, slots: number) =>
        pool.run('attentionBackward', split, [
          ...[at(dQ), toK, toV, at(dOut), at(out), at(logSum), at(q), at(k), at(v), at(keyMask)],
          ...layoutArgs(shape),
          slots,
        ])
      if (!grouped) return run(at(dK), at(dV), numHeads)
      const tokens = batch * seqLen
      const bytes = 4 * tokens * numHeads * headDim
      const parts = pool.heap.allocate(2 * bytes)
      try {
        run(parts, parts + bytes, numHeads)
        const rows = byRows(tokens, numHeads * headDim)
        pool.run('sumHeads', rows, [at(dK), parts, numHeads, numKvHeads, headDim])
        pool.run('sumHeads', rows, [at(dV), parts + bytes, numHeads, numKvHeads, headDim])
      } finally {
        pool.heap.release(parts)
      }
    },
  }
}
