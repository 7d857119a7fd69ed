import { upload } from '../compute/backend.ts'
import type { Tensor } from '../compute/tensor.ts'
import type { PruneHost } from './host.ts'

/** Column scales [2, I] of scores: f32 values, then what they leave of the f64 ones. */
export function uploadScale(host: PruneHost, values: Float64Array): Tensor {
  const parts = new Float32Array(2 * values.length)
  parts.set(values)
  values.forEach((value, i) => (parts[values.length + i] = value - parts[i]))
  return upload(host, 'f32', [2, values.length], parts)
}
