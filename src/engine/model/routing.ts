// Which experts a token goes to, and the gradient of that choice's shares. Small matrices, on the host.
import { EngineError } from '../errors.ts'
import type { ExpertsConfig } from '../../shared/families/modelConfig.ts'

export interface Routing {
  /** Softmax over all experts [N, E]. */
  readonly probabilities: Float32Array
  /** By expert: the rows it gets, ascending, and their shares. */
  readonly rows: readonly Int32Array<ArrayBuffer>[]
  readonly shares: readonly Float32Array<ArrayBuffer>[]
}

/** Softmax over all experts, the top k of it (lower index first among equals), renormalised where the model does. */
export function route(logits: Float32Array, { numExperts, topK, normalise }: ExpertsConfig): Routing {
  const numRows = logits.length / numExperts
  const probabilities = new Float32Array(logits.length)
  const rows: number[][] = Array.from({ length: numExperts }, () => [])
  const shares: number[][] = Array.from({ length: numExperts }, () => [])
  for (let n = 0; n < numRows; n++) {
    const p = softmax(logits.subarray(n * numExperts, (n + 1) * numExperts))
    probabilities.set(p, n * numExperts)
    const chosen = topOf(p, topK)
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
  { numExperts, normalise }: ExpertsConfig,
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

function softmax(logits: Float32Array): Float64Array {
  let top = -Infinity
  for (const x of logits) {
    if (!Number.isFinite(x))
      throw new EngineError('numeric', 'a router gave a value that is not finite; are the weights damaged?')
    top = Math.max(top, x)
  }
  const p = Float64Array.from(logits, (x) => Math.exp(x - top))
  const sum = p.reduce((a, b) => a + b, 0)
  return p.map((x) => x / sum)
}

function topOf(p: Float64Array, k: number): number[] {
  return Array.from(p.keys())
    .sort((a, b) => p[b] - p[a] || a - b)
    .slice(0, k)
}
