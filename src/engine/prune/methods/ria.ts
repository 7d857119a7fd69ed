// Relative importance and activations (Zhang et al., ICLR 2024; docs/methods.md, "RIA"):
// (|w_ij| / Σ_i |w_ij| + |w_ij| / Σ_j |w_ij|) · ‖x_j‖^½.
import { Arena } from '../../compute/arena.ts'
import { readF32, upload } from '../../compute/backend.ts'
import type { Tensor } from '../../compute/tensor.ts'
import { uploadScale } from './hessian.ts'
import type { PruneHost } from '../host.ts'
import type { ScoreMethod } from './method.ts'

export const ria: ScoreMethod = {
  kind: 'score',
  async score({ host, weight, norms }) {
    const matrix = host.traits.inHostMemory
      ? upload(host, 'f32', weight.shape, relativeImportance(await readF32(host, weight), weight.shape[1]))
      : await importanceOnDevice(host, weight)
    try {
      const scale = norms && uploadScale(host, norms.map(Math.sqrt))
      return {
        scored: { weight: matrix, scale, columns: null },
        release: () => [matrix, scale].forEach((tensor) => tensor && host.release(tensor)),
      }
    } catch (error) {
      host.release(matrix)
      throw error
    }
  },
}

/** Each weight's share of its column plus its share of its row [·, columns]; sums in f64. Rows and columns of zeros have importance 0. */
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

/** Computes the same where the weight is on a device, in f32: only sums of rows and columns come to the host. */
export async function importanceOnDevice(host: PruneHost, weight: Tensor): Promise<Tensor> {
  using arena = new Arena(host)
  const { kernels } = host
  const [rows, columns] = weight.shape
  const [size, part, importance] = Array.from({ length: 3 }, () => arena.allocate(weight.shape))
  const sums = [arena.allocate([rows]), arena.allocate([columns])]
  const ones = [arena.allocate([rows]), arena.allocate([columns])]
  ones.forEach((tensor) => kernels.fill(tensor, 1))
  // |w| = relu(w) + relu(−w).
  kernels.scaleWeight(part, weight, ones[0], ones[1], -1)
  kernels.activation(size, part, 'relu')
  kernels.activation(part, weight, 'relu')
  kernels.addScaled(size, part, 1)
  kernels.fill(part, 1)
  kernels.rowDot(sums[0], size, part)
  kernels.fill(sums[1], 0)
  kernels.columnSum(sums[1], size)
  for (const tensor of sums)
    host.write(
      tensor,
      (await readF32(host, tensor)).map((sum) => (sum === 0 ? 0 : 1 / sum)),
    )
  kernels.scaleWeight(part, size, sums[0], ones[1], 1)
  kernels.scaleWeight(importance, size, ones[0], sums[1], 1)
  kernels.addScaled(importance, part, 1)
  return arena.keep(importance)
}
