// Rotary positions and attention, in f64 loops.
import { largest } from '../../../src/formatting/lists.ts'
import { bf16ToF32, f32ToBf16 } from '../../../src/engine/dtype.ts'
import type { AttentionShape, Kernels } from '../../../src/engine/compute/kernels.ts'
import type { Tensor } from '../../../src/engine/compute/tensor.ts'
import type { Storage } from './storage.ts'

type Attention = Pick<Kernels, 'rope' | 'attention' | 'attentionStep' | 'attentionBackward'>

/** The rounding of a computed operand of products with q, k or v: to bf16 where those are bf16. */
function operandOf({ dtype }: Tensor): (x: number) => number {
  return dtype === 'bf16' ? (x) => bf16ToF32(f32ToBf16(x)) : (x) => x
}

/** A score after the cap, if there is one. */
function capped(score: number, softcap: number): number {
  return softcap > 0 ? softcap * Math.tanh(score / softcap) : score
}

/** Derivative of the cap where it gave `score`. */
function slopeAt(score: number, softcap: number): number {
  return softcap > 0 ? 1 - (score / softcap) ** 2 : 1
}

/** Visits every (query row, key row) pair that attends, head by head, with its score. */
function eachQuery(
  q: Float64Array,
  k: Float64Array,
  keyMask: ArrayLike<number> | null,
  h: AttentionShape,
  visit: (row: number, head: number, keys: number[], scores: number[]) => void,
): void {
  const { batch, seqLen, numHeads, numKvHeads, headDim, scale, window, softcap } = h
  for (let b = 0; b < batch; b++)
    for (let head = 0; head < numHeads; head++)
      for (let t = 0; t < seqLen; t++) {
        const row = b * seqLen + t
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        const keys: number[] = []
        const scores: number[] = []
        for (let u = window > 0 ? Math.max(0, t - window + 1) : 0; u <= t; u++) {
          const key = b * seqLen + u
          if (keyMask && !keyMask[key]) continue
          let dot = 0
          for (let d = 0; d < headDim; d++)
            dot += q[(row * numHeads + head) * headDim + d] * k[(key * numKvHeads + kvHead) * headDim + d]
          keys.push(key)
          scores.push(capped(dot * scale, softcap))
        }
        visit(row, head, keys, scores)
      }
}

/** A cache [capacity, C] whose row length − 1 becomes `row`. */
function appended(s: Storage, cache: Tensor, row: Tensor, length: number): Float64Array {
  const rows = s.f(cache)
  rows.set(s.f(row), (length - 1) * row.length)
  return rows
}

export function attention(s: Storage): Attention {
  return {
    rope(x, cos, sin, { seqLen, numHeads, headDim, rotaryDim, inverse }) {
      const [v, co, si] = [s.f(x), s.f(cos), s.f(sin)]
      const half = rotaryDim / 2
      const sign = inverse ? -1 : 1
      for (let base = 0; base < v.length; base += headDim) {
        const t = Math.floor(base / (numHeads * headDim)) % seqLen
        for (let i = 0; i < half; i++) {
          const [a, b] = [v[base + i], v[base + i + half]]
          const [cs, sn] = [co[t * half + i], sign * si[t * half + i]]
          v[base + i] = a * cs - b * sn
          v[base + i + half] = b * cs + a * sn
        }
      }
    },
    attention(out, logSum, q, k, v, keyMask, shape) {
      const { numHeads, numKvHeads, headDim } = shape
      const [y, ls, vv] = [new Float64Array(out.length), s.f(logSum), s.values(v)]
      const operand = operandOf(q)
      eachQuery(s.values(q), s.values(k), keyMask && s.cells(keyMask), shape, (row, head, keys, scores) => {
        const top = largest(scores, -Infinity, (score) => score)
        const sum = scores.reduce((a, x) => a + Math.exp(x - top), 0)
        ls[row * numHeads + head] = keys.length ? top + Math.log(sum) : 0
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        keys.forEach((key, j) => {
          const p = operand(Math.exp(scores[j] - top)) / sum
          for (let d = 0; d < headDim; d++)
            y[(row * numHeads + head) * headDim + d] += p * vv[(key * numKvHeads + kvHead) * headDim + d]
        })
      })
      s.store(out, y)
    },
    attentionStep(out, q, k, v, keys, values, { length, ...h }) {
      const { numHeads, numKvHeads, headDim, scale, window, softcap } = h
      const [y, qv, kv, vv] = [s.f(out).fill(0), s.f(q), appended(s, keys, k, length), appended(s, values, v, length)]
      const first = window > 0 ? Math.max(0, length - window) : 0
      for (let head = 0; head < numHeads; head++) {
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        const at = (key: number, d: number) => (key * numKvHeads + kvHead) * headDim + d
        const scores = Array.from({ length: length - first }, (_, j) => {
          let dot = 0
          for (let d = 0; d < headDim; d++) dot += qv[head * headDim + d] * kv[at(first + j, d)]
          return capped(dot * scale, softcap)
        })
        const top = largest(scores, -Infinity, (score) => score)
        const sum = scores.reduce((a, x) => a + Math.exp(x - top), 0)
        scores.forEach((score, j) => {
          const p = Math.exp(score - top) / sum
          for (let d = 0; d < headDim; d++) y[head * headDim + d] += p * vv[at(first + j, d)]
        })
      }
    },
    attentionBackward(dQ, dK, dV, dOut, out, logSum, q, k, v, keyMask, shape) {
      const { numHeads, numKvHeads, headDim, scale, softcap } = shape
      const [dq, dk, dv] = [s.f(dQ).fill(0), s.f(dK).fill(0), s.f(dV).fill(0)]
      const operand = operandOf(q)
      const [g, y, ls] = [s.f(dOut).map(operand), s.f(out), s.f(logSum)]
      const [qv, kv, vv] = [s.values(q), s.values(k), s.values(v)]
      eachQuery(qv, kv, keyMask && s.cells(keyMask), shape, (row, head, keys, scores) => {
        const at = (row * numHeads + head) * headDim
        const kvHead = Math.floor((head * numKvHeads) / numHeads)
        const delta = g.subarray(at, at + headDim).reduce((sum, x, d) => sum + x * y[at + d], 0)
        keys.forEach((key, j) => {
          const from = (key * numKvHeads + kvHead) * headDim
          const p = Math.exp(scores[j] - ls[row * numHeads + head])
          let dp = 0
          for (let d = 0; d < headDim; d++) {
            dv[from + d] += operand(p) * g[at + d]
            dp += g[at + d] * vv[from + d]
          }
          const ds = operand(p * (dp - delta) * scale * slopeAt(scores[j], softcap))
          for (let d = 0; d < headDim; d++) {
            dq[at + d] += ds * kv[from + d]
            dk[from + d] += ds * qv[at + d]
          }
        })
      })
    },
  }
}
