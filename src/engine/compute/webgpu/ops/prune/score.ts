// Scores on the device: f32, as bit patterns, which order as the scores do since none is negative.
import { bytesPerElement } from '../../../../dtype.ts'
import { rows, type Tensor } from '../../../tensor.ts'
import { pieces, type Gpu } from '../../gpu.ts'

/**
 * WGSL: the pattern of |weight[i]| · scale[column], or of |weight[i]| where nothing scales. From `infinite` on it is no
 * number. Weights are bound as words, so that no driver flushes them.
 */
export const scoreKey = /* wgsl */ `
const infinite = 0x7f800000u;
fn keyOf(i: u32, column: u32) -> u32 {
  let size = weight[p.weightAt + i] & 0x7fffffffu;
  if (p.scaled == 0u || size >= infinite) { return size; }
  return bitcast<u32>(bitcast<f32>(size) * scale[p.scaleAt + column]) & 0x7fffffffu;
}
`

/** Tensors and parameters that every shader with scores binds. */
export const scoreTensors = { weight: 'u32', scale: 'f32' } as const
export const scoreParams = { width: 'u32', scaled: 'u32' } as const

/** Bindings in the order of `scoreTensors` and `scoreParams`; without a scale the weight stands in for it. */
export function scoreBindings(weight: Tensor, scale: Tensor | null) {
  return { tensors: [weight, scale ?? weight], params: [weight.shape[1], Number(scale !== null)] }
}

/**
 * What was found on the device in the place of parameters: the key so far (a digit's prefix, then the limit), and how many ties go
 * in which row. Shaders ask `found(i, parameter)`; where the host found it, the weight stands in.
 */
export const cutKey = /* wgsl */ `
fn found(i: u32, given: u32) -> u32 { return select(given, cut[p.cutAt + i], p.isFound == 1u); }
`
export const cutTensors = { cut: 'u32' } as const
export const cutParams = { isFound: 'u32' } as const

/** Ranges of rows of a matrix that can be bound at once, `used` columns of which a dispatch goes through. */
export function* rowWindows(
  gpu: Gpu,
  matrix: Tensor,
  used = matrix.shape[1],
): Generator<{ part: Tensor; start: number; count: number }> {
  const [total, width] = matrix.shape
  const most = Math.min(gpu.reachBytes / width, gpu.windowBytes / used) / bytesPerElement[matrix.dtype]
  for (const [start, end] of pieces(total, most)) yield { part: rows(matrix, start, end), start, count: end - start }
}
