// Attention: one task per (batch, head[, query tile]) over the pool (attentionTasks.ts).
import type { AttentionShape, FusedKernels, Kernels } from '../../kernels.ts'
import type { Tensor } from '../../tensor.ts'
import type { Runner } from '../pool.ts'
import { stepStageBytes, stepStateBytes } from './attentionStepTask.ts'
import { aloneBytes, backwardBytes, forwardBytes, headsAtOnce, queryTile } from './attentionTasks.ts'
import { codeOf } from './products.ts'
import { addresses, byElements, byRows } from './splits.ts'

type Attention = Pick<Kernels, 'attention' | 'attentionStep' | 'attentionBackward'>

function layoutArgs(
  { seqLen, numHeads, numKvHeads, headDim, scale, window, softcap }: AttentionShape,
  operand: Tensor,
  heads = 1,
): number[] {
  return [seqLen, numHeads, numKvHeads, headDim, scale, window, softcap, queryTile(seqLen, heads), codeOf(operand)]
}

/** Elements of keys and values in a chunk of a step: a microsecond or two of work, more than handing out the chunk takes. */
const stepElements = 8192

export function attention(pool: Runner): Attention {
  const at = addresses(pool)
  return {
    attention(out, logSum, q, k, v, keyMask, shape) {
      const { batch, seqLen, numHeads } = shape
      const tile = queryTile(seqLen)
      const split = {
        total: batch * numHeads * Math.ceil(seqLen / tile),
        unit: 1,
        scratchBytes: forwardBytes(shape, codeOf(q)),
      }
      const args = [at(out), codeOf(out), at(logSum), at(q), at(k), at(v), at(keyMask), ...layoutArgs(shape, q)]
      pool.run('attention', split, args)
    },
    attentionStep(out, q, k, v, keys, values, { length, numHeads, numKvHeads, headDim, scale, window, softcap }) {
      const first = window > 0 ? Math.max(0, length - window) : 0
      const unit = Math.max(1, Math.floor(stepElements / (2 * (length - first) * headDim)))
      const shape = [first, length, numHeads / numKvHeads, numKvHeads * headDim, headDim, scale]
      const args = [at(out), at(q), at(keys), at(values), ...shape, softcap, at(k), at(v)]
      const split = {
        ...{ total: numHeads, unit, scratchBytes: stepStateBytes(numHeads) },
        stageBytes: stepStageBytes(numHeads, numKvHeads, headDim),
      }
      pool.run('rememberAndAttend', split, args)
    },
    attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape) {
      const { batch, seqLen, numHeads, numKvHeads, headDim } = shape
      const code = codeOf(q)
      // Heads that share keys add to the same gradients, if their groups can be divided equally among the threads.
      const heads = (batch * numKvHeads) % pool.threads === 0 ? numHeads / numKvHeads : 1
      const split = { total: batch * numHeads, unit: heads, scratchBytes: backwardBytes(shape, code) }
      const tokens = batch * seqLen
      const bytes = 4 * tokens * numHeads * headDim
      // If products read a rounded dOut, δ = Σ dOut·out uses the rounded one too: terms that cancel in exact sums then cancel here.
      const rounded = code === 0 ? null : pool.heap.allocate(bytes)
      const narrow = code === 0 ? null : pool.heap.allocate(bytes / 2)
      const parts = numHeads / heads > numKvHeads ? pool.heap.allocate(2 * bytes) : null
      const run = (toK: number, toV: number) =>
        pool.run('attentionBackward', split, [
          ...[at(dQ), toK, toV, rounded ?? at(dOut), narrow ?? at(dOut), at(out), at(logSum)],
          ...[at(q), at(k), at(v), at(keyMask), heads, ...layoutArgs(shape, q)],
        ])
      try {
        if (narrow !== null && rounded !== null) {
          pool.run('convert', byElements(dOut.length), [narrow, code, at(dOut), 0])
          pool.run('convert', byElements(dOut.length), [rounded, 0, narrow, code])
        }
        if (parts === null) return run(at(dK), at(dV))
        run(parts, parts + bytes)
        const rows = byRows(tokens, numHeads * headDim)
        pool.run('sumHeads', rows, [at(dK), parts, numHeads, numKvHeads, headDim])
        pool.run('sumHeads', rows, [at(dV), parts + bytes, numHeads, numKvHeads, headDim])
      } finally {
        for (const address of [rounded, narrow, parts]) if (address !== null) pool.heap.release(address)
      }
    },
  }
}

/** `attentionAlone` by oneDNN's primitives. */
export function fusedAttention(pool: Runner): FusedKernels['attentionAlone'] {
  const at = addresses(pool)
  return (out, q, k, v, shape) => {
    const { batch, seqLen, numHeads, window, softcap, scale } = shape
    if (softcap > 0 || scale <= 0 || (window > 0 && window < seqLen)) return false
    const heads = headsAtOnce(shape)
    const total = ((batch * numHeads) / heads) * Math.ceil(seqLen / queryTile(seqLen, heads))
    const split = { total, unit: 1, scratchBytes: aloneBytes(shape, codeOf(q)) }
    const args = [at(out), codeOf(out), at(q), at(k), at(v), heads, ...layoutArgs({ ...shape, window: 0 }, q, heads)]
    pool.run('attentionAlone', split, args)
    return true
  }
}
