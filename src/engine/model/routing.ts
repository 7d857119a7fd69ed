// The choice of experts for each token, and the gradient of their shares: small matrices, computed on the host.
import { EngineError } from '../errors.ts'
import type { ExpertsConfig } from '../../catalog/families/modelConfig.ts'

type Choice = Pick<ExpertsConfig, 'numExperts' | 'topK' | 'normalise'>

export interface Routing {
  /** Softmax over all experts [N, E]. */
  readonly probabilities: Float32Array
  /** Rows that each expert gets, ascending. */
  readonly rows: readonly Int32Array<ArrayBuffer>[]
  readonly shares: readonly Float32Array<ArrayBuffer>[]
}

/** Softmax over all experts, the top k of it (lower index first among equals), renormalised where the model does. */
export function route(logits: Float32Array, { numExperts, topK, normalise }: Choice): Routing {
  const numRows = logits.length / numExperts
  const probabilities = new Float32Array(logits.length)
  const rows: number[][] = Array.from({ length: numExperts }, () => [])
  const shares: number[][] = Array.from({ length: numExperts }, () => [])
  const p = new Float64Array(numExperts)
  const chosen = new Int32Array(topK)
  for (let n = 0; n < numRows; n++) {
    softmax(logits, n, p)
    probabilities.set(p, n * numExperts)
    chooseTop(p, chosen)
    const total = normalise ? chosen.reduce((sum, e) => sum + p[e], 0) : 1
    for (const e of chosen) {
      rows[e].push(n)
      shares[e].push(p[e] / total)
    }
  }
  return {
    probabilities,
    rows: rows.map((list) => Int32Array.from(list)),
    shares: shares.map((list) => Float32Array.from(list)),
  }
}

/**
 * dLogits [N, E] from the gradients of the shares. Normalised shares are a softmax over the chosen logits alone,
 * others one over all: in both, dLogit_e = s_e·(g_e − Σ s·g) with g = 0 where an expert was not chosen.
 */
export function routeBackward(
  routing: Routing,
  dShares: readonly Float32Array[],
  { numExperts, normalise }: Omit<Choice, 'topK'>,
): Float32Array<ArrayBuffer> {
  const { probabilities, rows, shares } = routing
  const numRows = probabilities.length / numExperts
  const dLogits = new Float32Array(probabilities.length)
  const mean = new Float32Array(numRows)
  rows.forEach((list, e) => list.forEach((n, i) => (mean[n] += shares[e][i] * dShares[e][i])))
  if (!normalise)
    for (let at = 0; at < dLogits.length; at++) dLogits[at] = -probabilities[at] * mean[Math.floor(at / numExperts)]
  rows.forEach((list, e) =>
    list.forEach((n, i) => {
      dLogits[n * numExperts + e] = shares[e][i] * (dShares[e][i] - mean[n])
    }),
  )
  return dLogits
}

/** Softmax of row `n` of the logits, into `p` [E]. Plain loops, since it runs for each token of each block. */
function softmax(logits: Float32Array, n: number, p: Float64Array): void {
  const from = n * p.length
  let top = -Infinity
  for (let e = 0; e < p.length; e++) {
    const x = logits[from + e]
    if (!Number.isFinite(x))
      throw new EngineError(
        'numeric',
        'a router output is NaN or infinity; check the weights with sparsescope inspect --stats',
      )
    if (x > top) top = x
  }
  let sum = 0
  for (let e = 0; e < p.length; e++) sum += p[e] = Math.exp(logits[from + e] - top)
  for (let e = 0; e < p.length; e++) p[e] /= sum
}

/** The `chosen.length` largest, descending; of equals the lower index first. */
function chooseTop(p: Float64Array, chosen: Int32Array): void {
  let count = 0
  for (let e = 0; e < p.length; e++) {
    if (count === chosen.length && p[e] <= p[chosen[count - 1]]) continue
    let at = count === chosen.length ? count - 1 : count++
    for (; at > 0 && p[chosen[at - 1]] < p[e]; at--) chosen[at] = chosen[at - 1]
    chosen[at] = e
  }
}
