// The scores of each criterion (methods.md 3), as a matrix and column scales: |matrix| · scale.
import { upload } from '../compute/backend.ts'
import type { Scored } from '../compute/pruneKernels.ts'
import type { Tensor } from '../compute/tensor.ts'
import { createRng } from '../rng.ts'
import type { PruneHost } from './host.ts'
import type { PruneMethod } from './plan.ts'

export interface ScoreSource {
  readonly scored: Scored & { readonly columns: null }
  release(): void
}

/**
 * Scores of a weight [O,I] on the host. `norms` are Wanda's ‖x_j‖; without them its scores, and SparseGPT's, are those
 * of magnitude: what is left when a linear has seen no input.
 */
export function scoresOf(
  host: PruneHost,
  method: PruneMethod,
  weight: Tensor,
  norms: Float64Array | null,
  seed: number,
  name: string,
): ScoreSource {
  if (method === 'random') {
    const matrix = upload(host, 'f32', weight.shape, randomScores(weight.length, seed, name))
    return { scored: { weight: matrix, scale: null, columns: null }, release: () => host.release(matrix) }
  }
  const scale = method === 'wanda' && norms ? uploadScale(host, norms) : null
  return { scored: { weight, scale, columns: null }, release: () => scale && host.release(scale) }
}

/** Column scales [2, I] of scores: f32 values, then what they leave of the f64 ones. */
export function uploadScale(host: PruneHost, values: Float64Array): Tensor {
  const parts = new Float32Array(2 * values.length)
  parts.set(values)
  values.forEach((value, i) => (parts[values.length + i] = value - parts[i]))
  return upload(host, 'f32', [2, values.length], parts)
}

/** Uniform numbers: what is pruned depends on their order only, which is as random as that of normal ones. */
function randomScores(length: number, seed: number, name: string): Float32Array {
  const rng = createRng(seed, `random/${name}`)
  return Float32Array.from({ length }, rng.uniform)
}
