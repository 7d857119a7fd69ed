// Relative importance and activations (Zhang et al., ICLR 2024; methods.md 12.8):
// (|w_ij| / Σ_i |w_ij| + |w_ij| / Σ_j |w_ij|) · ‖x_j‖^½.
import { readF32, upload } from '../../compute/backend.ts'
import { uploadScale } from '../columnScale.ts'
import type { ScoreMethod } from './method.ts'

export const ria: ScoreMethod = {
  kind: 'score',
  async score({ host, weight, norms }) {
    const matrix = upload(host, 'f32', weight.shape, relativeImportance(await readF32(host, weight), weight.shape[1]))
    const scale = norms && uploadScale(host, norms.map(Math.sqrt))
    return {
      scored: { weight: matrix, scale, columns: null },
      release: () => [matrix, scale].forEach((tensor) => tensor && host.release(tensor)),
    }
  },
}

/** Shares of a weight [·, columns] in its column and its row; sums in f64. A row or column of zeros has importance 0. */
export function relativeImportance(weight: Float32Array, columns: number): Float32Array {
  const ofRows = new Float64Array(weight.length / columns)
  const ofColumns = new Float64Array(columns)
  for (let i = 0; i < weight.length; i++) {
    const size = Math.abs(weight[i])
    ofRows[Math.floor(i / columns)] += size
    ofColumns[i % columns] += size
  }
  return weight.map((w, i) => {
    const size = Math.abs(w)
    return size === 0 ? 0 : size / ofColumns[i % columns] + size / ofRows[Math.floor(i / columns)]
  })
}
