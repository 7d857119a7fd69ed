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
  const scale = method === 'wanda' && norms ? upload(host, 'f32', [2, norms.length], inTwo(norms)) : null
  return { scored: { weight, scale, columns: null }, release: () => scale && host.release(scale) }
}

/** f32 values, then what they leave of the f64 ones. */
function inTwo(values: Float64Array): Float32Array {
  const parts = new Float32Array(2 * values.length)
  parts.set(values)
  values.forEach((value, i) => (parts[values.length + i] = value - parts[i]))
  return parts
}

/** Uniform numbers: what is pruned depends on their order only, which is as random as that of normal ones. */
function randomScores(length: number, seed: number, name: string): Float32Array {
  const rng = createRng(seed, `random/${name}`)
  return Float32Array.from({ length }, rng.uniform)
}
